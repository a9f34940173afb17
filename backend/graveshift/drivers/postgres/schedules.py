"""How far each schedule has come, and its jobs: a slot and what it enqueued are one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import convert
from sqlalchemy import BigInteger, Column, DateTime, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.drivers.postgres import enqueueing
from graveshift.drivers.postgres.tables import SCHEMA
from graveshift.store.engine import METADATA, open_unit
from graveshift.wire.jobs import NewJob
from graveshift.work import Standing

SCHEDULES = Table(
    "schedules",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("slot", DateTime(timezone=True), nullable=False),
    Column("last_slot", DateTime(timezone=True)),
    Column("last_fired_at", DateTime(timezone=True)),
    Column("last_job_id", BigInteger),
    schema=SCHEMA,
)
STANDINGS = text("""
    SELECT name, slot, clock_timestamp() AS now, last_slot, last_fired_at, last_job_id FROM graveshift.schedules
""")
FORGET = text("DELETE FROM graveshift.schedules WHERE name <> ALL (CAST(:names AS text[]))")

# What is new begins now: it makes up for nothing that was before it.
BEGIN = text("""
    INSERT INTO graveshift.schedules (name, slot) SELECT unnest(CAST(:names AS text[])), now()
    ON CONFLICT (name) DO NOTHING
""")

# Whoever waited for the lock reads the row as the one before left it: a slot is seen as due once.
LOCK = text("""
    SELECT name, slot, clock_timestamp() AS now, last_slot, last_fired_at, last_job_id
    FROM graveshift.schedules WHERE name = :name FOR UPDATE
""")
ADVANCE = text("""
    UPDATE graveshift.schedules
       SET slot = :slot, last_slot = coalesce(CAST(:fired AS timestamptz), last_slot),
           last_fired_at = CASE WHEN CAST(:fired AS timestamptz) IS NULL THEN last_fired_at ELSE now() END,
           last_job_id = coalesce(CAST(:job_id AS bigint), last_job_id)
     WHERE name = :name
""")


class PostgresSchedules:
    """See `graveshift.work.Slots`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def standings(self) -> Mapping[str, Standing]:
        async with open_unit(self._engine) as unit:
            rows = (await unit.execute(STANDINGS)).mappings()
            return {row["name"]: convert(dict(row), Standing) for row in rows}

    async def know(self, unit: Unit, names: Sequence[str]) -> None:
        await unit.execute(FORGET, {"names": list(names)})
        await unit.execute(BEGIN, {"names": list(names)})

    async def lock(self, unit: Unit, name: str) -> Standing | None:
        row = (await unit.execute(LOCK, {"name": name})).mappings().one_or_none()
        return convert(dict(row), Standing) if row else None

    async def fire(self, unit: Unit, name: str, slot: datetime, jobs: Sequence[NewJob], fired: datetime | None) -> None:
        made = await enqueueing.enqueue(unit, jobs)
        values = {"name": name, "slot": slot, "fired": fired, "job_id": made[-1] if made else None}
        await unit.execute(ADVANCE, values)
