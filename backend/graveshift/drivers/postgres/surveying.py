"""What named letters have in common: where they are, what they died of, what stands in their way."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.back import Alike
from graveshift.drivers.postgres.connection import opened
from graveshift.drivers.postgres.groups import Normal
from graveshift.store.position import letter_position

# Letter by letter through the indexes, whatever the statistics say. Of two with one key only the first can come back.
SURVEY = text("""
WITH found AS MATERIALIZED (
    SELECT d.* FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id),
    LATERAL (SELECT d.died_at, d.id, d.queue, d.kind, d.fingerprint, d.error_type, d.run_id, d.unique_key,
                    coalesce(CAST(:queue AS text), d.queue) AS target
             FROM graveshift.dead d WHERE d.died_at = u.died_at AND d.id = u.id
               AND d.died_at BETWEEN CAST(:low AS timestamptz) AND CAST(:high AS timestamptz) OFFSET 0) d
), keyed AS MATERIALIZED (
    SELECT id, row_number() OVER (PARTITION BY target, unique_key ORDER BY died_at, id) > 1
               OR EXISTS (SELECT FROM graveshift.jobs j WHERE j.queue = target AND j.unique_key = k.unique_key) AS taken
    FROM found k WHERE unique_key IS NOT NULL
)
SELECT alike.*, g.message, g.split
FROM (SELECT queue, kind, fingerprint, run_id, max(error_type) AS error_type, count(*) AS n,
             count(*) FILTER (WHERE id IN (SELECT id FROM keyed WHERE taken)) AS taken
      FROM found GROUP BY queue, kind, fingerprint, run_id) alike
LEFT JOIN graveshift.groups g USING (queue, kind, fingerprint)
ORDER BY n DESC, queue, kind, fingerprint
""")


async def survey(engine: AsyncEngine, natives: Sequence[str], queue: str | None, normal: Normal) -> list[Alike]:
    """See `graveshift.driver.Letters.survey`."""
    places = [place for native in natives if (place := letter_position(native)) is not None]
    died_ats = [died_at for died_at, _ in places]
    bounds = {"low": min(died_ats, default=None), "high": max(died_ats, default=None)}
    named = {"died_ats": died_ats, "ids": [job for _, job in places], "queue": queue, **bounds}
    async with opened(engine) as connection:
        rows = (await connection.execute(SURVEY, named)).all()
    return [
        Alike(
            queue=row.queue,
            kind=row.kind,
            fingerprint=row.fingerprint,
            error_type=row.error_type,
            n=row.n,
            message=normal(row.message or ""),
            split=row.split,
            run_id=None if row.run_id is None else str(row.run_id),
            taken=row.taken,
        )
        for row in rows
    ]
