"""Tells it in the log, for whatever reads that."""

import structlog

from graveshift.notify import Notice

log = structlog.get_logger("graveshift.notifiers")


class LogNotifier:
    """One line a notice."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def notify(self, notice: Notice) -> None:
        log.warning("run_notice", about=notice.event, run=notice.run, operation=notice.operation, words=notice.words)
