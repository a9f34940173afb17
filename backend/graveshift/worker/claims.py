"""Fetch work: as much as there is room for, at once while there is plenty, ever more seldom while there is none."""

import asyncio
from collections import deque
from collections.abc import Sequence
from uuid import UUID

import structlog
from msgspec import Struct

from graveshift.settings import WorkerSettings
from graveshift.work import Claimed, ClaimUnsure, Work
from graveshift.worker.orders import Orders
from graveshift.worker.outbox import Outbox
from graveshift.worker.patience import Losses, Polls, first, pause
from graveshift.worker.shift import Shift
from graveshift.worker.turns import Ask, Turns

# Places that come free one by one are gathered this long, so that short jobs are claimed in batches.
GATHER_S = 0.003
# So many claims may be under way at once: most of a claim's time it waits for the disk, and holds no lock meanwhile.
AHEAD = 6

_log = structlog.get_logger("graveshift.worker")


class Asked(Struct, frozen=True):
    """A claim under way, and whether it may bring suspects."""

    ask: Ask
    suspects: bool
    answer: asyncio.Task[Sequence[Claimed]]


class Claims:
    """The claim loop of one worker; `kinds` are those it has handlers for, `turns` say which queues it asks."""

    def __init__(
        self,
        work: Work,
        worker: UUID,
        *,
        turns: Turns,
        kinds: Sequence[str],
        settings: WorkerSettings,
        lease_s: float,
    ) -> None:
        self.worn_out = False
        self._work = work
        self._worker = worker
        self._turns = turns
        self._kinds = kinds
        self._settings = settings
        self._lease_s = lease_s
        self._asked: deque[Asked] = deque()
        self._polls = Polls()
        self._losses = Losses("claims")

    async def run(self, shift: Shift, outbox: Outbox, orders: Orders) -> None:
        """Claim and start until told to stop; a claim that comes back after it is released at once."""
        stop = orders.stop
        while self._asked or not stop.is_set():
            if self._asked:
                await self._receive(shift, outbox, orders)
            elif shift.is_worn_out:
                _log.error("worker_worn_out", abandoned=shift.abandoned)
                self.worn_out = True
                orders.end(soon=True)
            elif orders.quiet:
                self._put_back_suspect(shift, outbox)
                orders.heard.clear()
                await first(orders.heard, shift.changed, within_s=1.0)
                shift.changed.clear()
            elif shift.suspect is not None and shift.is_idle:
                await self._start_alone(shift, outbox, stop)
            elif outbox.is_behind:
                outbox.sent.clear()
                await first(outbox.sent, stop, within_s=1.0)
            elif shift.room == 0:
                shift.changed.clear()
                await first(shift.changed, stop, within_s=1.0)
            else:
                await self._begin(shift, stop)

    async def listen(self) -> None:
        """Until cancelled: the doorbell ends a rest."""
        losses = Losses("doorbell")
        while True:
            try:
                await self._work.rung()
            except Exception as error:  # whatever it is: polls go on
                await asyncio.sleep(losses.next_s(error))
            else:
                losses.back()
                self._polls.bell.set()

    async def _begin(self, shift: Shift, stop: asyncio.Event) -> None:
        if not self._turns.amid and shift.room < self._wanted(self._settings.concurrency):
            await pause(GATHER_S, stop)
        if (ask := self._turns.next(shift)) is not None:
            self._send(ask, shift)
            return
        shift.changed.clear()
        await first(shift.changed, stop, within_s=self._polls.next_s())

    def _send(self, ask: Ask, shift: Shift) -> None:
        limit, suspects = ask.limit, shift.fairness.takes_suspects
        claim = self._work.claim(
            self._worker, ask.queues, self._kinds, limit, self._lease_s, begin=limit, suspects=suspects
        )
        self._asked.append(Asked(ask, suspects, asyncio.ensure_future(claim)))

    async def _receive(self, shift: Shift, outbox: Outbox, orders: Orders) -> None:
        """What was asked for first. While batches come back full, the next are asked for before this one starts."""
        asked = self._asked.popleft()
        try:
            claimed = await asked.answer
        except Exception as error:
            if isinstance(error, ClaimUnsure):
                outbox.released(error.tickets)
            await pause(self._losses.next_s(error), orders.stop)
            return
        self._losses.back()
        if self._turns.overlap and len(claimed) == self._settings.batch and not _is_over(orders):
            await self._send_ahead(asked.ask, claimed, shift)
        self._take(claimed, shift, outbox, orders)
        had_all = self._turns.answered(asked.ask, len(claimed))
        if claimed:  # fewer than were asked for may only mean that others were at the same heads
            self._polls.found()
        elif had_all and not orders.stop.is_set():
            await self._polls.rest(orders.stop)

    async def _send_ahead(self, ask: Ask, claimed: Sequence[Claimed], shift: Shift) -> None:
        """A suspect waits for all that was claimed before it, so nothing is asked for behind one."""
        room = shift.room - len(claimed) - sum(asked.ask.limit for asked in self._asked)
        wanted = 0 if any(one.alone for one in claimed) else min(AHEAD - len(self._asked), room // ask.limit)
        for _ in range(wanted):
            self._send(ask, shift)
        await asyncio.sleep(0)  # they are sent before the jobs of this batch take the loop

    def _take(self, claimed: Sequence[Claimed], shift: Shift, outbox: Outbox, orders: Orders) -> None:
        if _is_over(orders):
            outbox.released([one.ticket for one in claimed])
            return
        for one in claimed:
            if one.alone and shift.suspect is not None:  # of two claims under way each found one
                outbox.released([one.ticket])
            elif one.alone:
                shift.take_suspect(one)
            else:
                shift.start(one)
        if any(not one.alone for one in claimed):
            shift.fairness.others_came()

    @staticmethod
    def _put_back_suspect(shift: Shift, outbox: Outbox) -> None:
        suspect, shift.suspect = shift.suspect, None
        if suspect is not None:
            outbox.released([suspect.ticket])

    async def _start_alone(self, shift: Shift, outbox: Outbox, stop: asyncio.Event) -> None:
        """A suspect may take the process with it: what the others ended with is sent first."""
        suspect = shift.suspect
        if suspect is None or not await outbox.drain(1.0):
            return
        try:
            stale = await self._work.begin([suspect.ticket])
        except Exception as error:
            await pause(self._losses.next_s(error), stop)
            return
        self._losses.back()
        if shift.suspect is suspect:
            shift.suspect = None
            if not stale:
                shift.start(suspect)

    def _wanted(self, room: int) -> int:
        return min(room, self._settings.batch)


def _is_over(orders: Orders) -> bool:
    """No more jobs are wanted, for now or for good."""
    return orders.quiet or orders.stop.is_set()
