"""The heartbeat: keeps claims alive, and hears which were lost and which shall stop."""

import asyncio
import os
from pathlib import Path
from time import monotonic
from uuid import UUID

from graveshift.wire.workers import WorkerState
from graveshift.work import Condition, Work
from graveshift.worker.orders import Orders
from graveshift.worker.outbox import Outbox
from graveshift.worker.patience import Losses
from graveshift.worker.shift import Shift

HEED_S = 1.0
STATM = Path("/proc/self/statm")


class Heart:
    """Beats at a third of the lease, and more often than that while the database does not answer."""

    def __init__(self, work: Work, worker: UUID, lease_s: float) -> None:
        self._work = work
        self._worker = worker
        self._lease_s = lease_s
        self._losses = Losses("heart")

    async def run(self, shift: Shift, outbox: Outbox, orders: Orders) -> None:
        """Until cancelled: a worker that stops still holds its claims."""
        while True:
            wait_s = await self._beat(shift, outbox, orders.state)
            await self._listen(wait_s, orders)

    async def _listen(self, wait_s: float, orders: Orders) -> None:
        """Hear orders every second; a new state is told at once."""
        due, told = monotonic() + wait_s, orders.state
        while (left := due - monotonic()) > 0 and orders.state is told:
            await asyncio.sleep(min(left, HEED_S))
            try:
                orders.hear(await self._work.heed(self._worker))
            except Exception as error:  # whatever it is: the claims are kept alive
                self._losses.next_s(error)

    async def _beat(self, shift: Shift, outbox: Outbox, state: WorkerState) -> float:
        tickets = [*shift.tickets(), *outbox.tickets()]
        condition = Condition(state, shift.running, memory_bytes())
        try:
            pulse = await self._work.beat(self._worker, tickets, self._lease_s, condition)
        except Exception as error:
            return min(self._lease_s / 3, self._losses.next_s(error))
        self._losses.back()
        shift.pulse(pulse.lost, pulse.cancelled)
        return self._lease_s / 3


def memory_bytes() -> int | None:
    """What this process has resident; None where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
