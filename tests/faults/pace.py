"""How fast the workers are: a burst of naps ahead of all other jobs, taken before a fault and again after it."""

import random
from time import monotonic

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.faults.record import Record
from tests.front import true

# Workers that sleep are slowed down by little but missing places, on a busy machine too.
NAP_S = (0.1, 0.2)
# How it begins and ends says nothing: idle workers poll seldom, and the last naps leave places empty.
FROM, TO = 0.2, 0.9
PATIENCE_S = 60.0
PUT = text("""
    SELECT graveshift.enqueue(:queue, 'stride', CAST(jsonb_build_object('nap', nap) AS json),
                              priority => 100, max_attempts => 50) AS id
    FROM unnest(CAST(:naps AS double precision[])) nap
""")
ENDS = text("SELECT extract(epoch FROM finished_at) AS at FROM graveshift.done WHERE id = ANY(:ids) ORDER BY 1")


class Pace:
    """The same burst each time; its jobs are on the record like all others."""

    def __init__(
        self, engine: AsyncEngine, record: Record, queue: str, dice: random.Random, *, jobs: int, patience: float
    ) -> None:
        self._engine, self._record, self._queue = engine, record, queue
        self._naps = [dice.uniform(*NAP_S) for _ in range(jobs)]
        self._patience = patience

    async def rate(self) -> float:
        """Jobs a second in the middle of a burst, by the database's clock."""
        async with self._engine.begin() as connection:
            ids = [row.id for row in await connection.execute(PUT, {"queue": self._queue, "naps": self._naps})]
        self._record.acked.update(dict.fromkeys(ids, "pace"))
        found: list[float] = []

        async def ended() -> bool:
            async with self._engine.connect() as connection:
                found[:] = [float(row.at) for row in await connection.execute(ENDS, {"ids": ids})]
            return len(found) == len(ids)

        await true(ended, within=PATIENCE_S * self._patience, what="a burst of naps is over")
        first, last = int(FROM * len(found)), int(TO * len(found))
        return (last - first) / (found[last] - found[first])

    async def regained(self, before: float, share: float, deadline: float) -> float:
        """The share of `before` that is reached again. AssertionError where no burst begun by then comes to `share`."""
        best = 0.0
        while True:
            in_time = monotonic() <= deadline
            best = max(best, await self.rate() / before)
            if best >= share:
                return best
            assert in_time, (
                f"the workers came back to {best:.0%} of {before:.0f} jobs a second, and {share:.0%} is asked"
            )
