"""Groups of failures: the roll-up plus pending deltas, the fastest growing first."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.causes import shown
from graveshift.drivers.postgres.connection import fetched, opened
from graveshift.drivers.postgres.reading import NOW, now
from graveshift.fingerprint import normalise
from graveshift.seen import Pace
from graveshift.store.position import cursor as encoded
from graveshift.store.position import numbers_of
from graveshift.wire.groups import Group
from graveshift.wire.ids import group_id
from graveshift.wire.page import Page
from graveshift.wire.selection import Filter

# Minutes of a group's trend, and of that of all together.
TREND = 30
HOUR = 60
# Kinds of filters whose statements are kept.
CONDITIONS = 128

MINUTE = "date_bin('1 minute', now(), 'epoch')"
# Of a row with a minute: how many minutes ago, and its failures as far as they are of the last sixty seconds: all of
# this minute's, and the part of the one before that is still within them.
AGE = "CAST(extract(epoch FROM this.minute - every.minute) AS integer) / 60"
WEIGHED = """CASE WHEN every.minute = this.minute THEN failed
                    WHEN every.minute = this.minute - interval '1 minute' THEN failed * (1 - this.part) ELSE 0 END"""

MATCHES = """(CAST(:queue AS text) IS NULL OR queue = :queue) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (CAST(:fingerprint AS text) IS NULL OR fingerprint = :fingerprint)"""
# Where the conditions of a filter come in.
SHOWN = "/* shown */ true"

# Causes are ranked by their last two minutes. Of those that are shown, and of no others, the minutes are read by key:
# OFFSET 0 keeps the planner from reading all causes' at once. Full joins are by hash or in order, whatever the planner
# takes the tables' sizes for.
# Where there is no group there is one row without one, that says as of when.
GROUPS = f"""
WITH this AS (
    SELECT {MINUTE} AS minute,
           CAST(extract(epoch FROM now() - {MINUTE}) AS double precision) / 60 AS part
), g AS (
    SELECT * FROM graveshift.groups WHERE {MATCHES}
), by_minute AS (
    SELECT queue, kind, fingerprint, date_bin('1 minute', at, 'epoch') AS minute,
           max(error_type) FILTER (WHERE what = 'failed') AS error_type,
           max(message) FILTER (WHERE what = 'failed') AS message, sum(n) FILTER (WHERE what = 'dead') AS dead,
           sum(n) FILTER (WHERE what = 'retrying') AS retrying, sum(n) FILTER (WHERE what = 'died_again') AS died_again,
           sum(n) FILTER (WHERE what = 'failed') AS failed,
           min(at) FILTER (WHERE what = 'failed') AS first_seen, max(at) FILTER (WHERE what = 'failed') AS last_seen,
           max(again) AS again, max(split) AS split,
           (array_agg(version ORDER BY at) FILTER (WHERE version IS NOT NULL))[1] AS first_version,
           (array_agg(version ORDER BY at DESC) FILTER (WHERE version IS NOT NULL))[1] AS last_version
    FROM graveshift.deltas WHERE fingerprint <> '' AND {MATCHES} GROUP BY queue, kind, fingerprint, minute
), p AS (
    SELECT queue, kind, fingerprint, (array_agg(error_type ORDER BY last_seen DESC NULLS LAST))[1] AS error_type,
           (array_agg(message ORDER BY last_seen DESC NULLS LAST))[1] AS message, coalesce(sum(dead), 0) AS dead,
           coalesce(sum(retrying), 0) AS retrying, coalesce(sum(died_again), 0) AS died_again,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen,
           (array_agg(first_version ORDER BY first_seen) FILTER (WHERE first_version IS NOT NULL))[1] AS first_version,
           (array_agg(last_version ORDER BY last_seen DESC) FILTER (WHERE last_version IS NOT NULL))[1] AS last_version,
           max(again) AS again, max(split) AS split,
           array_agg({AGE}) FILTER (WHERE failed IS NOT NULL) AS ages,
           array_agg(CAST(failed AS bigint)) FILTER (WHERE failed IS NOT NULL) AS amounts,
           coalesce(sum({WEIGHED}), 0) AS per_min
    FROM by_minute every CROSS JOIN this GROUP BY queue, kind, fingerprint
), late AS (
    SELECT queue, kind, fingerprint, sum({WEIGHED}) AS per_min FROM (
        SELECT queue, kind, fingerprint, bucket AS minute, n AS failed FROM graveshift.group_flow
        WHERE bucket >= {MINUTE} - interval '1 minute' AND {MATCHES}
    ) every CROSS JOIN this GROUP BY queue, kind, fingerprint
), known AS (
    SELECT queue, kind, fingerprint,
           CASE WHEN g.queue IS NULL OR p.last_seen >= g.last_seen THEN p.error_type ELSE g.error_type END
               AS error_type,
           CASE WHEN g.queue IS NULL OR p.last_seen >= g.last_seen THEN p.message ELSE g.message END AS message,
           coalesce(g.dead, 0) + coalesce(p.dead, 0) AS dead,
           coalesce(g.retrying, 0) + coalesce(p.retrying, 0) AS retrying,
           coalesce(g.died_again, 0) + coalesce(p.died_again, 0) AS died_again,
           least(g.first_seen, p.first_seen) AS first_seen, greatest(g.last_seen, p.last_seen) AS last_seen,
           CASE WHEN p.first_seen < g.first_seen THEN coalesce(p.first_version, g.first_version)
                ELSE coalesce(g.first_version, p.first_version) END AS first_version,
           CASE WHEN p.last_seen < g.last_seen THEN coalesce(g.last_version, p.last_version)
                ELSE coalesce(p.last_version, g.last_version) END AS last_version,
           greatest(g.again, p.again, 0) AS again, coalesce(g.split, p.split) AS split,
           p.ages AS new_ages, p.amounts AS new_amounts,
           coalesce(p.per_min, 0) + coalesce(late.per_min, 0) AS per_min
    FROM g FULL JOIN p USING (queue, kind, fingerprint) FULL JOIN late USING (queue, kind, fingerprint)
    WHERE g.queue IS NOT NULL OR p.queue IS NOT NULL
), ranked AS (
    SELECT *, count(*) OVER () AS total,
           row_number() OVER (ORDER BY per_min DESC, dead + retrying DESC, queue, kind, fingerprint) AS rank
    FROM known
    WHERE (dead + retrying > 0 OR CAST(:even_empty AS boolean))
      AND {SHOWN}
    ORDER BY rank LIMIT CAST(:limit AS bigint) OFFSET CAST(:skipped AS bigint)
), whole AS (
    SELECT CAST(coalesce(sum(n), 0) AS double precision) AS n FROM (
        SELECT n FROM graveshift.depth WHERE what IN ('dead', 'retrying')
        UNION ALL SELECT n FROM graveshift.deltas WHERE what IN ('dead', 'retrying')) every
)
SELECT ranked.*, (dead + retrying) / nullif(whole.n, 0) AS share,
       kept.ages || new_ages AS ages, kept.amounts || new_amounts AS amounts, clock.as_of
FROM ({NOW}) clock (as_of) LEFT JOIN ranked ON true CROSS JOIN whole
LEFT JOIN LATERAL (
    SELECT array_agg({AGE}) AS ages, array_agg(failed) AS amounts FROM (
        SELECT bucket AS minute, n AS failed FROM graveshift.group_flow f
        WHERE f.queue = ranked.queue AND f.kind = ranked.kind AND f.fingerprint = ranked.fingerprint
          AND bucket > now() - interval '31 minutes' OFFSET 0
    ) every CROSS JOIN this
) kept ON true
ORDER BY rank
"""


# As each group's pace, for all of them together, and what was enqueued: two rows a minute for any number of causes.
FAILING = text(f"""
WITH this AS (
    SELECT {MINUTE} AS minute,
           CAST(extract(epoch FROM now() - {MINUTE}) AS double precision) / 60 AS part
), every AS (
    SELECT bucket AS minute, CASE what WHEN 'failed' THEN n END AS failed, CASE what WHEN 'enqueued' THEN n END AS came
    FROM graveshift.minutes WHERE bucket > now() - interval '61 minutes'
    UNION ALL
    SELECT date_bin('1 minute', at, 'epoch'), CASE what WHEN 'failed' THEN n END, CASE what WHEN 'enqueued' THEN n END
    FROM graveshift.deltas WHERE what = 'enqueued' OR (what = 'failed' AND fingerprint <> '')
)
SELECT array_agg({AGE}) AS minutes, array_agg(coalesce(failed, 0)) AS failed, array_agg(coalesce(came, 0)) AS came,
       coalesce(sum({WEIGHED}), 0) AS per_min, coalesce(max(this.minute), {MINUTE}) AS minute
FROM every CROSS JOIN this
""")


async def failing(engine: AsyncEngine) -> Pace:
    """Of every cause, shown or not."""
    async with opened(engine) as connection:
        row = (await connection.execute(FAILING)).one()
    failed, came = (_by_minute(row.minutes, amounts, HOUR) for amounts in (row.failed, row.came))
    return Pace(round(float(row.per_min), 2), failed, came, row.minute)


Normal = Callable[[str], str]
"""A message with what varies folded away."""


async def page(
    engine: AsyncEngine, system: str, chosen: Filter, cursor: str | None, limit: int, *, normal: Normal = normalise
) -> Page[Group]:
    """The order moves with every failure, so a cursor here is a rank. Raises Invalid for one that is not ours."""
    (rank,) = (0,) if cursor is None else numbers_of(cursor, 1)
    async with opened(engine) as connection:
        statement, named = ranking(chosen, system)
        named |= {"even_empty": False, "limit": limit, "skipped": rank}
        if chosen.system not in (None, system):
            return Page([], await now(connection), None, 0 if rank == 0 else None)
        found = await fetched(connection, statement, named)
    rows = [row for row in found if row.queue is not None]
    total = int(rows[0].total) if rows else (0 if rank == 0 else None)
    following = encoded(rank + limit) if total is not None and rank + limit < total else None
    return Page([_group(row, system, normal) for row in rows], found[0].as_of, following, total)


async def one(engine: AsyncEngine, system: str, native: str, normal: Normal = normalise) -> Group | None:
    """A group by `queue/kind/fingerprint`, even when all its jobs have been dealt with."""
    parts = native.split("/", 2)
    if len(parts) != 3 or "\0" in native:
        return None
    statement, named = ranking(Filter(queue=parts[0], kind=parts[1], fingerprint=parts[2]), system)
    async with opened(engine) as connection:
        (row,) = await fetched(connection, statement, {**named, "even_empty": True, "limit": 1, "skipped": 0})
    return None if row.queue is None else _group(row, system, normal)


def ranking(chosen: Filter, system: str) -> tuple[TextClause, dict[str, Any]]:
    """What is named exactly is compared early, where an index knows it; all of the filter at the end."""
    condition, named = shown(chosen, system)
    for field in ("queue", "kind", "fingerprint"):
        value = getattr(chosen, field)
        named[field] = None if value is None or "*" in value else value
    return _ranked(condition), named


@lru_cache(CONDITIONS)
def _ranked(condition: str) -> TextClause:
    """Put together once for each kind of filter: the values are apart."""
    return text(GROUPS.replace(SHOWN, condition))


def _group(row: Any, system: str, normal: Normal) -> Group:
    return Group(
        id=group_id(system, row.queue, row.kind, row.fingerprint),
        fingerprint=row.fingerprint,
        system=system,
        queue=row.queue,
        kind=row.kind,
        error_type=row.error_type or "",
        message=normal(row.message or ""),
        dead=int(row.dead),
        retrying=int(row.retrying),
        per_min=round(float(row.per_min), 2),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        first_version=row.first_version,
        last_version=row.last_version,
        died_again=int(row.died_again),
        again=int(row.again),
        share=None if row.share is None else round(min(1.0, max(0.0, row.share)), 4),
        split=row.split,
        trend=_trend(row),
    )


def _trend(row: Any) -> list[int]:
    return _by_minute(row.ages, row.amounts)


def _by_minute(ages: Sequence[int] | None, amounts: Sequence[int] | None, size: int = TREND) -> list[int]:
    """Oldest minute first; rows of one minute add up."""
    trend = [0] * size
    for age, n in zip(ages or (), amounts or (), strict=True):
        if 0 <= age < size:
            trend[size - 1 - age] += int(n)
    return trend
