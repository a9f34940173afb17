"""Queues as they stand: roll-up plus pending deltas in one statement, so that it is right at any moment."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graveshift.drivers.postgres.connection import fetched, opened, read
from graveshift.drivers.postgres.presence import ALIVE
from graveshift.wire.ids import encode
from graveshift.wire.queues import Limit, Queue
from graveshift.work import Counters

QUEUES = text(f"""
WITH counted AS (
    SELECT queue AS name, sum(n) FILTER (WHERE what = 'waiting') AS waiting,
           sum(n) FILTER (WHERE what = 'retrying') AS retrying, sum(n) FILTER (WHERE what = 'scheduled') AS scheduled,
           sum(n) FILTER (WHERE what = 'running') AS running, sum(n) FILTER (WHERE what = 'held') AS held,
           sum(n) FILTER (WHERE what = 'dead') AS dead FROM (
        SELECT queue, what, n FROM graveshift.depth UNION ALL SELECT queue, what, n FROM graveshift.deltas
        UNION ALL SELECT name, '', 0 FROM graveshift.queues) every
    GROUP BY queue
), since AS (
    SELECT date_bin('5 seconds', now(), 'epoch') - interval '30 seconds' AS start
), recent AS (
    SELECT queue AS name, sum(n) FILTER (WHERE what = 'enqueued') AS came,
           sum(n) FILTER (WHERE what = 'finished') AS went, sum(n) FILTER (WHERE what = 'died') AS died FROM (
        SELECT queue, what, n FROM graveshift.flow, since WHERE bucket >= start
        UNION ALL SELECT queue, what, n FROM graveshift.deltas, since WHERE at >= start) every
    GROUP BY queue
), span AS (
    SELECT CAST(extract(epoch FROM now() - start) AS double precision) AS s FROM since
)
SELECT c.name, coalesce(waiting, 0) AS waiting, coalesce(retrying, 0) AS retrying,
       coalesce(scheduled, 0) AS scheduled, coalesce(running, 0) AS running, coalesce(held, 0) AS held,
       coalesce(dead, 0) AS dead, coalesce(came, 0) AS came, coalesce(went, 0) AS went, coalesce(died, 0) AS died,
       oldest.age, present.workers, span.s,
       coalesce(q.paused_at IS NOT NULL AND (q.paused_until IS NULL OR q.paused_until > now()), false) AS paused,
       q.paused_at, q.paused_until, q.paused_by, q.paused_reason,
       coalesce(q.draining_at IS NOT NULL, false) AS draining, q.draining_at, q.draining_by, q.draining_reason,
       q.concurrency, q.per_s, q.burst, q.limited_at, q.limited_by, q.limited_reason,
       CASE WHEN c.held > 0 THEN graveshift.held_until(c.name) END AS held_until
FROM counted c CROSS JOIN span LEFT JOIN recent USING (name) LEFT JOIN graveshift.queues q USING (name)
CROSS JOIN LATERAL (
    SELECT count(*) AS workers FROM graveshift.workers w
    WHERE (c.name = ANY(w.queues) OR cardinality(w.queues) = 0) AND {ALIVE}
) present
CROSS JOIN LATERAL (SELECT graveshift.oldest_age(c.name) AS age) oldest
WHERE CAST(:name AS text) IS NULL OR c.name = :name
ORDER BY c.name
""")

COUNTERS = text("""
SELECT queue, what, sum(n) AS n FROM (
    SELECT queue, what, n FROM graveshift.depth
    UNION ALL SELECT queue, what, n FROM graveshift.deltas WHERE what <> 'died_again') every
GROUP BY queue, what
""")
# After many jobs were taken away an index is walked past each of them. One queue is looked at, and then as many more as
# the time allows, so that no look lasts: the others are for the next one.
AGES = text("""
SELECT name, looked, CASE WHEN looked THEN graveshift.oldest_age(name) END AS age
FROM (
    SELECT name, n = 1 OR clock_timestamp() < statement_timestamp() + CAST(:span AS interval) AS looked
    FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS wanted (name, n) OFFSET 0
) turns
""")
# Those that are due some time, or are so already.
DUE = ("waiting", "scheduled", "retrying")
# What one look at the ages may take before it leaves queues to the next one.
LOOK = timedelta(milliseconds=50)


async def queues(engine: AsyncEngine, system: str, name: str | None = None) -> Sequence[Queue]:
    """Every queue by name, or the one that is named."""
    return [_queue(row, system) for row in await read(engine, QUEUES, {"name": name})]


async def counters(engine: AsyncEngine) -> Counters:
    """Depth and event counts, and the age of the oldest due job where there is one."""
    async with opened(engine) as connection:
        rows = await fetched(connection, COUNTERS, {})
        depth = {(row.queue, row.what): int(row.n) for row in rows}
        names = sorted({queue for (queue, what), n in depth.items() if what in DUE and n > 0})
        return Counters(depth, await _ages(connection, names))


async def _ages(connection: AsyncConnection, names: Sequence[str]) -> dict[str, float]:
    """Seconds, by queue, where a job is due."""
    ages: dict[str, float] = {}
    while names:
        rows = await fetched(connection, AGES, {"names": names, "span": LOOK})
        ages |= {row.name: row.age for row in rows if row.age is not None}
        names = [row.name for row in rows if not row.looked]
    return ages


def _queue(row: Row[Any], system: str) -> Queue:
    return Queue(
        id=encode(system, row.name),
        system=system,
        name=row.name,
        waiting=int(row.waiting),
        retrying=int(row.retrying),
        scheduled=int(row.scheduled),
        running=int(row.running),
        held=int(row.held),
        held_until=row.held_until,
        dead=int(row.dead),
        oldest_age_s=row.age,
        in_per_s=float(row.came) / row.s,
        out_per_s=float(row.went) / row.s,
        dead_per_min=float(row.died) * 60 / row.s,
        workers=int(row.workers),
        paused=bool(row.paused),
        paused_at=row.paused_at if row.paused else None,
        paused_until=row.paused_until if row.paused else None,
        paused_by=row.paused_by if row.paused else None,
        paused_reason=row.paused_reason if row.paused else None,
        draining=bool(row.draining),
        draining_at=row.draining_at,
        draining_by=row.draining_by,
        draining_reason=row.draining_reason,
        limit=_limit(row),
    )


def _limit(row: Row[Any]) -> Limit | None:
    if row.concurrency is None and row.per_s is None:
        return None
    return Limit(row.concurrency, row.per_s, row.burst, row.limited_by, row.limited_reason, row.limited_at)
