"""Housekeeping that a leader does; see `graveshift.work.Upkeep`."""

from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres import pruning, queues, reconciling, rollup, sweeping, vacuuming
from graveshift.work import Counters, Guard, Keeping, Reconciled


class PostgresUpkeep:
    """Each act is safe to do twice, and at the same time as another backend does it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def sweep(self, crash_limit: int) -> int:
        return await sweeping.sweep(self._engine, crash_limit)

    async def roll_up(self) -> int:
        return await rollup.roll_up(self._engine)

    async def reconcile(self) -> Reconciled | None:
        return await reconciling.reconcile(self._engine)

    async def vacuum(self) -> int:
        return await vacuuming.vacuum(self._engine)

    async def prune(self, keep: Keeping, guard: Guard) -> int:
        return await pruning.prune(self._engine, keep, guard)

    async def counters(self) -> Counters:
        return await queues.counters(self._engine)
