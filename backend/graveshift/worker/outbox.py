"""Ends of jobs on their way to the database: sent in batches, kept while it is away, fenced when it is back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog

from graveshift.errors import DatabaseUnavailable, Invalid
from graveshift.work import Failure, Ticket, Work
from graveshift.worker.patience import Losses

T = TypeVar("T")

# Ends wait for each other so long, or until there are so many: a statement costs as much as twenty of its ends.
LINGER_S, FULL = 0.02, 300
# So many batches may wait here before no more is claimed.
BEHIND = 10

_log = structlog.get_logger("graveshift.worker")


class Outbox:
    """Filled from the event loop, emptied by `run()`. What is in here is still this worker's: keep its leases alive."""

    def __init__(self, work: Work, worker: str, size: int) -> None:
        self._work = work
        self._worker = worker
        self._size = size
        self._finished: list[Ticket] = []
        self._cancelled: list[Ticket] = []
        self._released: list[Ticket] = []
        self._failed: list[Failure] = []
        self._unsure: set[Ticket] = set()  # these were sent, and the answer was lost
        self.sent = asyncio.Event()
        self._any, self._full = asyncio.Event(), asyncio.Event()
        self._sending = asyncio.Lock()
        self._losses = Losses("outbox")

    def finished(self, ticket: Ticket) -> None:
        """The job is done."""
        self._finished.append(ticket)
        self._ring()

    def failed(self, failure: Failure) -> None:
        """The attempt failed."""
        self._failed.append(failure)
        self._ring()

    def cancelled(self, ticket: Ticket) -> None:
        """The job stopped because an operator asked."""
        self._cancelled.append(ticket)
        self._ring()

    def released(self, tickets: Sequence[Ticket]) -> None:
        """The jobs are given back, with no attempt burnt."""
        self._released.extend(tickets)
        self._ring()

    def tickets(self) -> list[Ticket]:
        """All that wait here."""
        failed = [failure.ticket for failure in self._failed]
        return [*self._finished, *self._cancelled, *self._released, *failed]

    def __len__(self) -> int:
        return len(self._finished) + len(self._cancelled) + len(self._released) + len(self._failed)

    @property
    def is_behind(self) -> bool:
        """So much waits here that claiming more would only make it longer; `sent` is set after each round."""
        return len(self) >= BEHIND * self._size

    async def run(self) -> None:
        """Send what comes, a full batch at once and anything else after a short while, until cancelled."""
        while True:
            await self._any.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._full.wait()
            if (error := await self._send()) is None:
                self._losses.back()
            else:
                await asyncio.sleep(self._losses.next_s(error))

    async def drain(self, within_s: float) -> bool:
        """Send until nothing is left; False where the database did not take it in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self):
                    error = await self._send()
                    await asyncio.sleep(min(0.2, self._losses.next_s(error)) if error else 0)
        return len(self) == 0

    def _ring(self) -> None:
        self._any.set()
        if len(self) >= self._size:
            self._full.set()

    async def _send(self) -> Exception | None:
        """One round; what could not be sent stays. Returns the last error that kept something here."""
        async with self._sending:
            self._any.clear()
            self._full.clear()
            work, name, unsure = self._work, self._worker, self._unsure
            errors = [
                await _send(self._finished, lambda some: work.finish(some, name), _same, unsure),
                await _send(self._failed, work.fail, _ticket, unsure),
                await _send(self._cancelled, lambda some: work.cancelled(some, name), _same, unsure),
                await _send(self._released, work.release, _same, unsure),
            ]
            if len(self):
                self._ring()
            self.sent.set()
            return next((error for error in errors if error is not None), None)


async def _send(
    box: list[T],
    call: Callable[[Sequence[T]], Awaitable[Sequence[Ticket]]],
    ticket: Callable[[T], Ticket],
    unsure: set[Ticket],
) -> Exception | None:
    """Empty one box. Values that the database refuses are dropped, alone: their job runs again after its lease."""
    some = box[:]
    if not some:
        return None
    try:
        stale = await call(some)
    except DatabaseUnavailable as error:
        unsure.update(map(ticket, some))
        return error
    except Exception as error:
        if len(some) > 1:
            return await _one_by_one(box, len(some), call, ticket, unsure)
        job, said = ticket(some[0]).id, str(error)[:300]
        if not isinstance(error, Invalid):
            _log.error("outcome_kept", job=job, error=said)
            return error
        _log.error("outcome_refused", job=job, error=said)
        del box[0]
        return None
    del box[: len(some)]
    for lost in stale:
        _tell(lost, lost in unsure)
    unsure.difference_update(map(ticket, some))
    return None


def _tell(lost: Ticket, was_sent_before: bool) -> None:
    """What was sent before and is stale now was believed then, most likely."""
    if was_sent_before:
        _log.info("outcome_repeated", job=lost.id, attempt=lost.attempt)
    else:
        _log.warning("job_fenced", job=lost.id, attempt=lost.attempt)


async def _one_by_one(
    box: list[T],
    count: int,
    call: Callable[[Sequence[T]], Awaitable[Sequence[Ticket]]],
    ticket: Callable[[T], Ticket],
    unsure: set[Ticket],
) -> Exception | None:
    """What meets an error that nobody foresaw stays for another time, and lets the others pass."""
    kept: Exception | None = None
    place = 0
    for _ in range(count):
        error = await _send(box[place : place + 1], call, ticket, unsure)
        if isinstance(error, DatabaseUnavailable):
            return error
        if error is None:
            del box[place]
        else:
            kept, place = error, place + 1
    return kept


def _same(ticket: Ticket) -> Ticket:
    return ticket


def _ticket(failure: Failure) -> Ticket:
    return failure.ticket
