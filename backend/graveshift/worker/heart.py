"""The heartbeat: keeps claims alive, and hears which were lost and which shall stop."""

import asyncio
from uuid import UUID

from graveshift.work import Work
from graveshift.worker.outbox import Outbox
from graveshift.worker.patience import Losses
from graveshift.worker.shift import Shift


class Heart:
    """Beats at a third of the lease, and more often than that while the database does not answer."""

    def __init__(self, work: Work, worker: UUID, lease_s: float) -> None:
        self._work = work
        self._worker = worker
        self._lease_s = lease_s
        self._losses = Losses("heart")

    async def run(self, shift: Shift, outbox: Outbox, stop: asyncio.Event) -> None:
        """Until cancelled: a worker that stops still holds its claims."""
        while True:
            wait_s = await self._beat(shift, outbox, "stopping" if stop.is_set() else "running")
            await asyncio.sleep(wait_s)

    async def _beat(self, shift: Shift, outbox: Outbox, state: str) -> float:
        tickets = [*shift.tickets(), *outbox.tickets()]
        try:
            pulse = await self._work.beat(self._worker, tickets, self._lease_s, state, shift.running)
        except Exception as error:
            return min(self._lease_s / 3, self._losses.next_s(error))
        self._losses.back()
        shift.pulse(pulse.lost, pulse.cancelled)
        return self._lease_s / 3
