"""Groups of failures: the roll-up plus pending deltas, the fastest growing first."""

from collections.abc import Mapping, Sequence
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

# A minute's failures are weighed from two buckets: this one, and the part of the one before that is still within it.
# Where there is no group there is one row without one, that says as of when.
GROUPS = text(f"""
WITH every AS (
    SELECT queue, kind, fingerprint, error_type, message, dead, retrying, died_again, first_seen, last_seen,
           first_version, last_version
    FROM graveshift.groups
    UNION ALL
    SELECT queue, kind, fingerprint, max(error_type) FILTER (WHERE what = 'failed'),
           max(message) FILTER (WHERE what = 'failed'), coalesce(sum(n) FILTER (WHERE what = 'dead'), 0),
           coalesce(sum(n) FILTER (WHERE what = 'retrying'), 0), coalesce(sum(n) FILTER (WHERE what = 'died_again'), 0),
           min(at) FILTER (WHERE what = 'failed'), max(at) FILTER (WHERE what = 'failed'),
           (array_agg(version ORDER BY at) FILTER (WHERE version IS NOT NULL))[1],
           (array_agg(version ORDER BY at DESC) FILTER (WHERE version IS NOT NULL))[1]
    FROM graveshift.deltas WHERE fingerprint <> '' GROUP BY queue, kind, fingerprint
), grouped AS (
    SELECT queue, kind, fingerprint, (array_agg(error_type ORDER BY last_seen DESC NULLS LAST))[1] AS error_type,
           (array_agg(message ORDER BY last_seen DESC NULLS LAST))[1] AS message, sum(dead) AS dead,
           sum(retrying) AS retrying, sum(died_again) AS died_again, min(first_seen) AS first_seen,
           max(last_seen) AS last_seen,
           (array_agg(first_version ORDER BY first_seen) FILTER (WHERE first_version IS NOT NULL))[1] AS first_version,
           (array_agg(last_version ORDER BY last_seen DESC) FILTER (WHERE last_version IS NOT NULL))[1] AS last_version
    FROM every
    WHERE (CAST(:queue AS text) IS NULL OR queue = :queue) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (CAST(:fingerprint AS text) IS NULL OR fingerprint = :fingerprint)
    GROUP BY queue, kind, fingerprint
), chosen AS (
    SELECT * FROM grouped
    WHERE (dead + retrying > 0 OR CAST(:even_empty AS boolean))
      AND (CAST(:error_type AS text) IS NULL OR error_type = :error_type)
      AND (CAST(:text AS text) IS NULL OR strpos(lower(message), lower(:text)) > 0)
), flowed AS (
    SELECT queue, kind, fingerprint, minute, sum(n) AS n FROM (
        SELECT queue, kind, fingerprint, bucket AS minute, n FROM graveshift.group_flow
        WHERE bucket > now() - interval '31 minutes'
        UNION ALL
        SELECT queue, kind, fingerprint, date_bin('1 minute', at, 'epoch'), n FROM graveshift.deltas
        WHERE what = 'failed'
    ) every GROUP BY queue, kind, fingerprint, minute
), this AS (
    SELECT date_bin('1 minute', now(), 'epoch') AS minute,
           CAST(extract(epoch FROM now() - date_bin('1 minute', now(), 'epoch')) AS double precision) / 60 AS part
), paced AS (
    SELECT queue, kind, fingerprint,
           array_agg(CAST(extract(epoch FROM this.minute - f.minute) AS integer) / 60) AS ages,
           array_agg(n) AS amounts,
           sum(CASE WHEN f.minute = this.minute THEN n
                    WHEN f.minute = this.minute - interval '1 minute' THEN n * (1 - this.part) ELSE 0 END) AS per_min
    FROM flowed f CROSS JOIN this GROUP BY queue, kind, fingerprint
), ranked AS (
    SELECT chosen.*, paced.ages, paced.amounts, coalesce(paced.per_min, 0) AS per_min, count(*) OVER () AS total,
           row_number() OVER (ORDER BY coalesce(paced.per_min, 0) DESC, dead + retrying DESC, queue, kind, fingerprint)
               AS rank
    FROM chosen LEFT JOIN paced USING (queue, kind, fingerprint)
    ORDER BY rank LIMIT CAST(:limit AS bigint) OFFSET CAST(:skipped AS bigint)
)
SELECT ranked.*, clock.as_of FROM ({NOW}) clock (as_of) LEFT JOIN ranked ON true ORDER BY rank
""")


# As each group's pace, for all of them together; and what was enqueued, queue by queue along the key of the flow.
FAILING = text("""
WITH flowed AS (
    SELECT minute, sum(n) AS n FROM (
        SELECT bucket AS minute, n FROM graveshift.group_flow WHERE bucket > now() - interval '31 minutes'
        UNION ALL
        SELECT date_bin('1 minute', at, 'epoch'), n FROM graveshift.deltas WHERE what = 'failed' AND fingerprint <> ''
    ) every GROUP BY minute
), this AS (
    SELECT date_bin('1 minute', now(), 'epoch') AS minute,
           CAST(extract(epoch FROM now() - date_bin('1 minute', now(), 'epoch')) AS double precision) / 60 AS part
), came AS (
    SELECT date_bin('1 minute', at, 'epoch') AS minute, sum(n) AS n FROM (
        SELECT bucket AS at, n FROM graveshift.queues q JOIN graveshift.flow f ON f.queue = q.name
        WHERE f.what = 'enqueued' AND f.bucket > now() - interval '31 minutes'
        UNION ALL SELECT at, n FROM graveshift.deltas WHERE what = 'enqueued'
    ) every GROUP BY 1
)
SELECT array_agg(CAST(extract(epoch FROM this.minute - f.minute) AS integer) / 60) AS ages, array_agg(n) AS amounts,
       (SELECT array_agg(CAST(extract(epoch FROM this.minute - c.minute) AS integer) / 60 ORDER BY c.minute)
        FROM came c, this) AS came_ages,
       (SELECT array_agg(n ORDER BY minute) FROM came) AS came_amounts,
       coalesce(sum(CASE WHEN f.minute = this.minute THEN n
                         WHEN f.minute = this.minute - interval '1 minute' THEN n * (1 - this.part) ELSE 0 END), 0)
       AS per_min
FROM flowed f CROSS JOIN this
""")


async def failing(engine: AsyncEngine) -> Pace:
    """Of every cause, shown or not."""
    async with opened(engine) as connection:
        row = (await connection.execute(FAILING)).one()
    return Pace(round(float(row.per_min), 2), _trend(row), _by_minute(row.came_ages, row.came_amounts))


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
    return _by_minute(row.ages, row.amounts)


def _by_minute(ages: Sequence[int] | None, amounts: Sequence[int] | None) -> list[int]:
    by_age: Mapping[int, int] = dict(zip(ages or (), map(int, amounts or ()), strict=True))
    return [by_age.get(age, 0) for age in range(TREND - 1, -1, -1)]
