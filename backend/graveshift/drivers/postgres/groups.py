"""Groups of failures: the roll-up plus pending deltas, the fastest growing first."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Pace
from graveshift.drivers.postgres.connection import opened
from graveshift.drivers.postgres.reading import NOW, now
from graveshift.fingerprint import normalise
from graveshift.store.position import cursor as encoded
from graveshift.store.position import numbers_of
from graveshift.wire.groups import Group
from graveshift.wire.ids import encode
from graveshift.wire.page import Page
from graveshift.wire.selection import Filter

# Minutes of a group's trend.
TREND = 30

MINUTE = "date_bin('1 minute', now(), 'epoch')"
# Of a row with a minute: how many minutes ago, and its failures as far as they are of the last sixty seconds: all of
# this minute's, and the part of the one before that is still within them.
AGE = "CAST(extract(epoch FROM this.minute - every.minute) AS integer) / 60"
WEIGHED = """CASE WHEN every.minute = this.minute THEN failed
                    WHEN every.minute = this.minute - interval '1 minute' THEN failed * (1 - this.part) ELSE 0 END"""

# A cause is what is rolled up of it, what is pending minute by minute, and its last two minutes: all that ranking
# needs, in one pass and without a join. The minutes before those are read by key, and of the causes that are shown
# only: OFFSET 0 keeps the planner from reading all causes' at once.
# Where there is no group there is one row without one, that says as of when.
GROUPS = text(f"""
WITH this AS (
    SELECT {MINUTE} AS minute,
           CAST(extract(epoch FROM now() - {MINUTE}) AS double precision) / 60 AS part
), every AS (
    SELECT queue, kind, fingerprint, error_type, message, dead, retrying, died_again, first_seen, last_seen,
           first_version, last_version, CAST(NULL AS timestamptz) AS minute, CAST(NULL AS bigint) AS failed,
           true AS known
    FROM graveshift.groups
    UNION ALL
    SELECT queue, kind, fingerprint, max(error_type) FILTER (WHERE what = 'failed'),
           max(message) FILTER (WHERE what = 'failed'), coalesce(sum(n) FILTER (WHERE what = 'dead'), 0),
           coalesce(sum(n) FILTER (WHERE what = 'retrying'), 0), coalesce(sum(n) FILTER (WHERE what = 'died_again'), 0),
           min(at) FILTER (WHERE what = 'failed'), max(at) FILTER (WHERE what = 'failed'),
           (array_agg(version ORDER BY at) FILTER (WHERE version IS NOT NULL))[1],
           (array_agg(version ORDER BY at DESC) FILTER (WHERE version IS NOT NULL))[1],
           date_bin('1 minute', at, 'epoch'), CAST(sum(n) FILTER (WHERE what = 'failed') AS bigint), true
    FROM graveshift.deltas WHERE fingerprint <> '' GROUP BY queue, kind, fingerprint, date_bin('1 minute', at, 'epoch')
    UNION ALL
    SELECT queue, kind, fingerprint, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, bucket, n, false
    FROM graveshift.group_flow WHERE bucket >= {MINUTE} - interval '1 minute'
), grouped AS (
    SELECT queue, kind, fingerprint, (array_agg(error_type ORDER BY last_seen DESC NULLS LAST))[1] AS error_type,
           (array_agg(message ORDER BY last_seen DESC NULLS LAST))[1] AS message, sum(dead) AS dead,
           sum(retrying) AS retrying, sum(died_again) AS died_again, min(first_seen) AS first_seen,
           max(last_seen) AS last_seen,
           (array_agg(first_version ORDER BY first_seen) FILTER (WHERE first_version IS NOT NULL))[1] AS first_version,
           (array_agg(last_version ORDER BY last_seen DESC) FILTER (WHERE last_version IS NOT NULL))[1] AS last_version,
           array_agg({AGE}) FILTER (WHERE failed IS NOT NULL) AS late_ages,
           array_agg(failed) FILTER (WHERE failed IS NOT NULL) AS late_amounts, coalesce(sum({WEIGHED}), 0) AS per_min
    FROM every CROSS JOIN this
    WHERE (CAST(:queue AS text) IS NULL OR queue = :queue) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (CAST(:fingerprint AS text) IS NULL OR fingerprint = :fingerprint)
    GROUP BY queue, kind, fingerprint HAVING bool_or(known)
), ranked AS (
    SELECT *, count(*) OVER () AS total,
           row_number() OVER (ORDER BY per_min DESC, dead + retrying DESC, queue, kind, fingerprint) AS rank
    FROM grouped
    WHERE (dead + retrying > 0 OR CAST(:even_empty AS boolean))
      AND (CAST(:error_type AS text) IS NULL OR error_type = :error_type)
      AND (CAST(:text AS text) IS NULL OR strpos(lower(message), lower(:text)) > 0)
    ORDER BY rank LIMIT CAST(:limit AS bigint) OFFSET CAST(:skipped AS bigint)
)
SELECT ranked.*, late_ages || early_ages AS ages, late_amounts || early_amounts AS amounts, clock.as_of
FROM ({NOW}) clock (as_of) LEFT JOIN ranked ON true
LEFT JOIN LATERAL (
    SELECT array_agg({AGE}) AS early_ages, array_agg(failed) AS early_amounts FROM (
        SELECT bucket AS minute, n AS failed FROM graveshift.group_flow f
        WHERE f.queue = ranked.queue AND f.kind = ranked.kind AND f.fingerprint = ranked.fingerprint
          AND bucket > now() - interval '31 minutes'
          AND bucket < {MINUTE} - interval '1 minute' OFFSET 0
    ) every CROSS JOIN this
) earlier ON true
ORDER BY rank
""")


# As each group's pace, for all of them together: a row a minute, however many causes there are.
FAILING = text(f"""
WITH this AS (
    SELECT {MINUTE} AS minute,
           CAST(extract(epoch FROM now() - {MINUTE}) AS double precision) / 60 AS part
), every AS (
    SELECT bucket AS minute, n AS failed FROM graveshift.failing WHERE bucket > now() - interval '31 minutes'
    UNION ALL
    SELECT date_bin('1 minute', at, 'epoch'), n FROM graveshift.deltas WHERE what = 'failed' AND fingerprint <> ''
)
SELECT array_agg({AGE}) AS ages, array_agg(failed) AS amounts, coalesce(sum({WEIGHED}), 0) AS per_min
FROM every CROSS JOIN this
""")


async def failing(engine: AsyncEngine) -> Pace:
    """Of every cause, shown or not."""
    async with opened(engine) as connection:
        row = (await connection.execute(FAILING)).one()
    return Pace(round(float(row.per_min), 2), _trend(row))


async def page(engine: AsyncEngine, system: str, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
    """The order moves with every failure, so a cursor here is a rank. Raises Invalid for one that is not ours."""
    (rank,) = (0,) if cursor is None else numbers_of(cursor, 1)
    async with opened(engine) as connection:
        named = {**_named(chosen), "even_empty": False, "limit": limit, "skipped": rank}
        if chosen.system not in (None, system):
            return Page([], await now(connection), None, 0 if rank == 0 else None)
        found = (await connection.execute(GROUPS, named)).all()
    rows = [row for row in found if row.queue is not None]
    total = int(rows[0].total) if rows else (0 if rank == 0 else None)
    following = encoded(rank + limit) if total is not None and rank + limit < total else None
    return Page([_group(row, system) for row in rows], found[0].as_of, following, total)


async def one(engine: AsyncEngine, system: str, native: str) -> Group | None:
    """A group by `queue/kind/fingerprint`, even when all its jobs have been dealt with."""
    parts = native.split("/", 2)
    if len(parts) != 3 or "\0" in native:
        return None
    named = _named(Filter(queue=parts[0], kind=parts[1], fingerprint=parts[2]))
    async with opened(engine) as connection:
        row = (await connection.execute(GROUPS, {**named, "even_empty": True, "limit": 1, "skipped": 0})).one()
    return None if row.queue is None else _group(row, system)


def _named(chosen: Filter) -> dict[str, Any]:
    fields = ("queue", "kind", "fingerprint", "error_type", "text")
    return {field: getattr(chosen, field) for field in fields}


def _group(row: Row[Any], system: str) -> Group:
    return Group(
        id=encode(system, f"{row.queue}/{row.kind}/{row.fingerprint}"),
        fingerprint=row.fingerprint,
        system=system,
        queue=row.queue,
        kind=row.kind,
        error_type=row.error_type or "",
        message=normalise(row.message or ""),
        dead=int(row.dead),
        retrying=int(row.retrying),
        per_min=round(float(row.per_min), 2),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        first_version=row.first_version,
        last_version=row.last_version,
        died_again=int(row.died_again),
        trend=_trend(row),
    )


def _trend(row: Row[Any]) -> list[int]:
    """Oldest minute first; rows of one minute add up."""
    trend = [0] * TREND
    for age, n in zip(row.ages or (), row.amounts or (), strict=True):
        if 0 <= age < TREND:
            trend[TREND - 1 - age] += int(n)
    return trend
