"""What comparisons of the counters with what is there have found, for health, metrics and the doctor."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.engine import open_look

LAST = text("""
    SELECT at, took_s, looked, off,
           (SELECT CAST(coalesce(sum(off), 0) AS bigint) FROM graveshift_ledger.reconciliations) AS off_ever
    FROM graveshift_ledger.reconciliations ORDER BY id DESC LIMIT 1
""")


class Reconciliation(Struct, frozen=True):
    """The last one: `looked` jobs and letters were counted, `off` of them were counted wrong; `off_ever` by all."""

    at: datetime
    took_s: float
    looked: int
    off: int
    off_ever: int

    def words(self) -> str:
        """`compared at 2026-11-22 03:10:00Z: all of 5,000,000 counted right`."""
        when = f"compared at {self.at:%Y-%m-%d %H:%M:%SZ}, in {self.took_s:.1f} s"
        right = f"all of {self.looked:,} counted right"
        return f"{when}: {f'{self.off:,} were off and are set right' if self.off else right}"


async def last(engine: AsyncEngine) -> Reconciliation | None:
    """The newest; None before the first."""
    async with open_look(engine) as unit:
        row = (await unit.execute(LAST)).mappings().first()
    return Reconciliation(**row) if row else None
