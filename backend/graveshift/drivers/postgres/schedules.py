"""How far each schedule has come, and its jobs: a slot and what it enqueued are one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import convert
from sqlalchemy import BigInteger, Column, DateTime, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.drivers.postgres import enqueueing
from graveshift.drivers.postgres.tables import SCHEMA
from graveshift.drivers.postgres.text import storable
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
PAUSES = Table(
    "schedule_pauses",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("until", DateTime(timezone=True)),
    Column("by", Text, nullable=False),
    Column("reason", Text),
    schema=SCHEMA,
)
STANDINGS = text("""
    SELECT s.name, s.slot, clock_timestamp() AS now, s.last_slot, s.last_fired_at, s.last_job_id,
           p.name IS NOT NULL AS paused, p.until AS paused_until, p.by AS paused_by, p.reason AS paused_reason
    FROM graveshift.schedules s
    LEFT JOIN graveshift.schedule_pauses p ON p.name = s.name AND (p.until IS NULL OR p.until > clock_timestamp())
    WHERE CAST(:name AS text) IS NULL OR s.name = :name
""")
FORGET = text("DELETE FROM graveshift.schedules WHERE name <> ALL (CAST(:names AS text[]))")

# What is new begins now: it makes up for nothing that was before it.
BEGIN = text("""
    INSERT INTO graveshift.schedules (name, slot) SELECT unnest(CAST(:names AS text[])), now()
    ON CONFLICT (name) DO NOTHING
""")

# Whoever waited for the lock reads on as the one before left it: a slot is seen as due once, and a pause is seen.
LOCK = text("SELECT FROM graveshift.schedules WHERE name = :name FOR UPDATE")
ADVANCE = text("""
    UPDATE graveshift.schedules
       SET slot = :slot, last_slot = coalesce(CAST(:fired AS timestamptz), last_slot),
           last_fired_at = CASE WHEN CAST(:fired AS timestamptz) IS NULL THEN last_fired_at ELSE now() END,
           last_job_id = coalesce(CAST(:job_id AS bigint), last_job_id)
     WHERE name = :name
""")
PAUSE = text("""
    INSERT INTO graveshift.schedule_pauses (name, until, by, reason)
    VALUES (:name, CAST(:until AS timestamptz), :by, CAST(:reason AS text))
    ON CONFLICT (name) DO UPDATE SET until = excluded.until, by = excluded.by, reason = excluded.reason
""")
RESUME = text("DELETE FROM graveshift.schedule_pauses WHERE name = :name")


class PostgresSlots:
    """See `graveshift.work.Slots`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def standings(self) -> Mapping[str, Standing]:
        async with open_unit(self._engine) as unit:
            rows = (await unit.execute(STANDINGS, {"name": None})).mappings()
            return {row["name"]: convert(dict(row), Standing) for row in rows}

    async def know(self, unit: Unit, names: Sequence[str]) -> None:
        await unit.execute(FORGET, {"names": list(names)})
        await unit.execute(BEGIN, {"names": list(names)})

    async def lock(self, unit: Unit, name: str) -> Standing | None:
        await unit.execute(LOCK, {"name": name})
        row = (await unit.execute(STANDINGS, {"name": name})).mappings().one_or_none()
        return convert(dict(row), Standing) if row else None

    async def fire(self, unit: Unit, name: str, slot: datetime, jobs: Sequence[NewJob], fired: datetime | None) -> None:
        made = await enqueueing.enqueue(unit, jobs)
        values = {"name": name, "slot": slot, "fired": fired, "job_id": made[-1] if made else None}
        await unit.execute(ADVANCE, values)

    async def enqueue(self, unit: Unit, job: NewJob) -> int:
        (id,) = await enqueueing.enqueue(unit, [job])
        return id

    async def pause(self, unit: Unit, name: str, until: datetime | None, reason: str | None, actor: str) -> None:
        await unit.execute(LOCK, {"name": name})
        said = None if reason is None else storable(reason)
        await unit.execute(PAUSE, {"name": name, "until": until, "by": actor, "reason": said})

    async def resume(self, unit: Unit, name: str) -> None:
        await unit.execute(LOCK, {"name": name})
        await unit.execute(RESUME, {"name": name})
