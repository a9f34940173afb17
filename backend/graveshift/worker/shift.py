"""The jobs in a worker's hands: how many there may be, which of them run, and which wait to run alone."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog

from graveshift.settings import WorkerSettings
from graveshift.work import Claimed, Ticket
from graveshift.worker.failures import Teller
from graveshift.worker.fairness import Fairness
from graveshift.worker.handlers import Handler
from graveshift.worker.outbox import Outbox
from graveshift.worker.patience import first
from graveshift.worker.running import Running
from graveshift.worker.threads import Threads

_log = structlog.get_logger("graveshift.worker")


class Shift:
    """Touched from the event loop only. `changed` is set whenever a job ends or is abandoned."""

    def __init__(
        self, handlers: Mapping[str, Handler], settings: WorkerSettings, teller: Teller, outbox: Outbox
    ) -> None:
        self.changed = asyncio.Event()
        self.suspect: Claimed | None = None
        self.fairness = Fairness()
        self._handlers = handlers
        self._settings = settings
        self._teller = teller
        self._outbox = outbox
        self._threads = Threads()
        self._running: dict[Ticket, Running] = {}
        self._lone: Ticket | None = None

    @property
    def running(self) -> int:
        """Handlers that have not ended, abandoned ones included."""
        return len(self._running)

    @property
    def abandoned(self) -> int:
        """Handlers that did not end when they were told to; they hold their places until they do."""
        return sum(one.abandoned for one in self._running.values())

    @property
    def is_worn_out(self) -> bool:
        """So many handlers are stuck that the process had better be replaced."""
        return 2 * self.abandoned >= self._settings.concurrency

    @property
    def is_idle(self) -> bool:
        """Nothing runs but what was abandoned."""
        return self.running == self.abandoned

    @property
    def room(self) -> int:
        """Places for new jobs: none while a suspect waits for the others to end, or runs alone."""
        if self.suspect is not None or self._lone is not None:
            return 0
        return max(0, self._settings.concurrency - self.running)

    def busy(self) -> Counter[str]:
        """Places taken, by queue."""
        return Counter(one.claimed.queue for one in self._running.values())

    def tickets(self) -> list[Ticket]:
        """Claims to keep alive: what runs and was not reported, and the suspect that waits."""
        waiting = [self.suspect.ticket] if self.suspect is not None else []
        return [*waiting, *(ticket for ticket, one in self._running.items() if not one.reported)]

    def take_suspect(self, claimed: Claimed) -> None:
        """Keep this job until nothing else runs, and take nothing else meanwhile."""
        self.suspect = claimed
        self.fairness.came()

    def start(self, claimed: Claimed) -> None:
        """Run this job now."""
        handler = self._handlers[claimed.kind]
        running = Running(claimed, handler, self._teller, self._outbox, self._ended)
        self._running[claimed.ticket] = running
        if claimed.alone:
            self._lone = claimed.ticket
            _log.warning("job_runs_alone", job=claimed.ticket.id, queue=claimed.queue, kind=claimed.kind)
        limit_s = self._settings.time_limit_s if handler.time_limit_s is None else handler.time_limit_s
        running.start(self._threads, limit_s)

    def pulse(self, lost: Sequence[Ticket], cancelled: Sequence[Ticket]) -> None:
        """What a heartbeat brought back. A job whose end was reported meanwhile is the outbox's concern."""
        for ticket in lost:
            if ticket in self._running:
                self._running[ticket].fence()
            elif self.suspect is not None and self.suspect.ticket == ticket:
                self.suspect = None
                self.changed.set()
        for ticket in cancelled:
            if ticket in self._running:
                self._running[ticket].cancel()

    def give_back(self) -> None:
        """Ask all handlers to end; what ends because of it is released."""
        for running in list(self._running.values()):
            running.give_back()

    def release(self) -> None:
        """Give back everything that has not ended."""
        if self.suspect is not None:
            self._outbox.released([self.suspect.ticket])
            self.suspect = None
        for running in list(self._running.values()):
            running.release()

    async def empty(self, within_s: float, unless: asyncio.Event) -> bool:
        """Wait until nothing runs but what was abandoned; False where time or the event came first."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not self.is_idle and not unless.is_set():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            self.changed.clear()
            await first(self.changed, unless, within_s=left)
        return self.is_idle

    def _ended(self, running: Running) -> None:
        ticket = running.claimed.ticket
        over = running.is_over
        if over:
            self._running.pop(ticket, None)
            if running.abandoned:
                _log.info("job_returned", job=ticket.id)
        if self._lone == ticket:
            self._lone = None
            self.fairness.went()
        self.changed.set()
