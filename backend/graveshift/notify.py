"""Telling people that are not looking: the port for it, and the queue that keeps whoever tells from waiting."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from msgspec import Struct

# What is not told yet. Beyond this the oldest is forgotten: who could not be told for so long will look by himself.
KEPT = 100

log = structlog.get_logger("graveshift.notify")


class Notice(Struct, frozen=True, kw_only=True):
    """Something to tell. `event` is `run-stopped` (it paused or ended by itself) or `run-slowed`; `words` say why."""

    event: str
    environment: str
    run: str
    operation: str
    actor: str
    words: str


class Notifier(Protocol):
    """One way to tell it. `name` is what the settings call it."""

    name: str

    async def notify(self, notice: Notice) -> None:
        """Tell it once, with patience of its own. Raises where it could not be told."""


class Herald:
    """Each notifier has a queue of its own, so that one that does not answer holds up no other, and no run at all."""

    def __init__(self, notifiers: Sequence[Notifier]) -> None:
        self._lines = [(notifier, asyncio.Queue[Notice](KEPT)) for notifier in notifiers]

    def tell(self, notice: Notice) -> None:
        """Returns at once."""
        for notifier, line in self._lines:
            if line.full():
                log.warning("notice_forgotten", notifier=notifier.name, run=line.get_nowait().run)
            line.put_nowait(notice)

    async def run_forever(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is not told by then is not told."""
        tasks = [asyncio.create_task(_tell_forever(notifier, line)) for notifier, line in self._lines]
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell_forever(notifier: Notifier, line: "asyncio.Queue[Notice]") -> None:
    while True:
        notice = await line.get()
        try:
            await notifier.notify(notice)
        except Exception as error:
            log.warning("notice_not_told", notifier=notifier.name, run=notice.run, error=type(error).__name__)
        else:
            log.info("notice_told", notifier=notifier.name, run=notice.run, about=notice.event)
