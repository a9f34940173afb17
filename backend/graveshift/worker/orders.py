"""What a worker was told, by operators and by signals: go on, claim nothing, finish and end, or end soon."""

import asyncio

import structlog

from graveshift.wire.workers import Wish, WorkerState

_log = structlog.get_logger("graveshift.worker")


class Orders:
    """`stop` is set when nothing shall be claimed any more, `soon` when what runs has its grace only, `now` not even
    that; `heard` is set with every change.
    """

    def __init__(self) -> None:
        self.stop, self.soon, self.now = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.heard = asyncio.Event()
        self.quiet = False
        self._wish = Wish.RUN

    @property
    def state(self) -> WorkerState:
        """As the fleet shows it."""
        if self.stop.is_set():
            return WorkerState.STOPPING
        return WorkerState.QUIET if self.quiet else WorkerState.RUNNING

    def hear(self, wish: Wish) -> None:
        """What operators want; the same again changes nothing."""
        if wish is self._wish:
            return
        _log.info("worker_told", wish=wish.value)
        self._wish, self.quiet = wish, wish is Wish.QUIET
        if wish.is_last:
            self.end(soon=wish is Wish.STOP)
        self.heard.set()

    def end(self, *, soon: bool, now: bool = False) -> None:
        """End when what runs has ended; `soon`: within the grace; `now`: give everything back."""
        self.stop.set()
        if soon or now:
            self.soon.set()
        if now:
            self.now.set()
        self.heard.set()
