"""Payloads edited on their way back to work: the original is kept beside, and an undo puts it back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graveshift.driver import Unit
from graveshift.drivers.postgres.connection import opened
from graveshift.drivers.postgres.text import raw, storable
from graveshift.store.position import letter_position
from graveshift.wire.edits import Edit

# Of letters only: what was requeued meanwhile is nobody's to edit any more.
PAYLOADS = text("""
SELECT u.died_at, u.id, found.payload
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id),
LATERAL (SELECT CAST(p.payload AS text) AS payload FROM graveshift.dead d JOIN graveshift.payloads p ON p.id = d.id
         WHERE d.died_at = u.died_at AND d.id = u.id OFFSET 0) found
""")

# Both halves see the payload as it was before this statement.
EDIT = text("""
WITH edited AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:texts AS text[])) AS u (id, payload)
), kept AS (
    INSERT INTO graveshift.edits (id, run_id, edited_by, original)
    SELECT p.id, CAST(:run AS bigint), CAST(:by AS text), p.payload
    FROM edited e, LATERAL (SELECT * FROM graveshift.payloads p WHERE p.id = e.id OFFSET 0) p
)
UPDATE graveshift.payloads p SET payload = CAST(e.payload AS json) FROM edited e WHERE p.id = e.id
""")

TAKE_BACK = text("""
WITH back AS MATERIALIZED (
    DELETE FROM graveshift.edits WHERE id = ANY(CAST(:ids AS bigint[])) AND run_id = CAST(:run AS bigint)
    RETURNING id, original
)
UPDATE graveshift.payloads p SET payload = back.original FROM back WHERE p.id = back.id
""")

EDITS = text("""
SELECT run_id, edited_by, edited_at, CAST(original AS text) AS original FROM graveshift.edits
WHERE id = :id AND (CAST(:before AS timestamptz) IS NULL OR edited_at <= :before) ORDER BY edited_at, run_id
""")


async def payloads(engine: AsyncEngine, natives: Sequence[str]) -> dict[str, str]:
    """By native id, JSON text; what is no letter is left out."""
    places = {place: native for native in natives if (place := letter_position(native)) is not None}
    named = {"died_ats": [died_at for died_at, _ in places], "ids": [job for _, job in places]}
    async with opened(engine) as connection:
        rows = (await connection.execute(PAYLOADS, named)).all()
    return {places[row.died_at, row.id]: row.payload for row in rows}


async def edit(unit: Unit, texts: Mapping[int, str], run_id: int, by: str) -> None:
    """New payloads by job, of jobs that the same unit brought back."""
    if texts:
        named = {"ids": list(texts), "texts": list(texts.values()), "run": run_id, "by": storable(by)}
        await unit.execute(EDIT, named)


async def take_back(unit: Unit, jobs: Sequence[int], run_id: int) -> None:
    """What this run edited in these is as it was."""
    if jobs:
        await unit.execute(TAKE_BACK, {"ids": list(jobs), "run": run_id})


async def edits(connection: AsyncConnection, job: int, before: datetime | None = None) -> list[Edit]:
    """Of a job up to a moment, oldest first."""
    rows = (await connection.execute(EDITS, {"id": job, "before": before})).all()
    return [
        Edit(run_id=str(row.run_id), by=row.edited_by, at=row.edited_at, original=raw(row.original)) for row in rows
    ]
