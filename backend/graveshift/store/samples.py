"""Our own history: numbers per queue every few seconds, and series drawn from them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, DateTime, Double, Table, Text, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.store.engine import METADATA, open_unit

SAMPLES = Table(
    "samples",
    METADATA,
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("queue", Text, primary_key=True),
    Column("value", Double, nullable=False),
    schema="graveshift_ledger",
)
# One row a name, queue and slot of time, whoever leads: a second leader's sample of the same slot changes nothing.
KEEP = text("""
    INSERT INTO graveshift_ledger.samples (at, name, queue, value)
    SELECT date_bin(make_interval(secs => :every_s), now(), 'epoch'), name, queue, value
    FROM unnest(CAST(:names AS text[]), CAST(:queues AS text[]), CAST(:values AS float8[])) AS s (name, queue, value)
    ON CONFLICT DO NOTHING
""")
PRUNE = text("DELETE FROM graveshift_ledger.samples WHERE at < now() - make_interval(secs => :keep_s)")
# A point at t tells of (t - step, t]. The last sample of each queue stands for the bucket.
LEVELS = text("""
    SELECT at, CASE WHEN CAST(:greatest AS boolean) THEN max(value) ELSE sum(value) END AS value FROM (
        SELECT DISTINCT ON (s.queue, t.at) s.queue, t.at, s.value
        FROM graveshift_ledger.samples s, LATERAL (
            SELECT date_bin(make_interval(secs => :step_s), s.at - interval '1 us', 'epoch')
                   + make_interval(secs => :step_s) AS at) t
        WHERE s.name = :name AND s.at > :after AND s.at <= :until
          AND (CAST(:queue AS text) IS NULL OR s.queue = :queue)
        ORDER BY s.queue, t.at, s.at DESC
    ) last GROUP BY at
""")
# Growth a second between neighbours: what shrank began again at 0, and neighbours further apart than a gap say nothing.
GROWTH = text("""
    SELECT at, sum(per_s) AS value FROM (
        SELECT queue, t.at, sum(CASE WHEN value < before THEN value ELSE value - before END)
                   / sum(extract(epoch FROM grown.at - before_at)) AS per_s
        FROM (
            SELECT queue, at, value, lag(value) OVER w AS before, lag(at) OVER w AS before_at
            FROM graveshift_ledger.samples
            WHERE name = :name AND at > CAST(:after AS timestamptz) - make_interval(secs => :gap_s) AND at <= :until
              AND (CAST(:queue AS text) IS NULL OR queue = :queue)
            WINDOW w AS (PARTITION BY queue ORDER BY at)
        ) grown, LATERAL (
            SELECT date_bin(make_interval(secs => :step_s), grown.at - interval '1 us', 'epoch')
                   + make_interval(secs => :step_s) AS at) t
        WHERE grown.at > :after AND before_at >= grown.at - make_interval(secs => :gap_s)
        GROUP BY queue, t.at
    ) each GROUP BY at
""")


class SampleBook:
    """Samples of all queues. Times are the database's."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, unit: Unit, samples: Mapping[tuple[str, str], float], every_s: float) -> None:
        """One value per (name, queue), in the slot of `every_s` that is now."""
        names, queues = [name for name, _ in samples], [queue for _, queue in samples]
        values = {"names": names, "queues": queues, "values": list(samples.values()), "every_s": every_s}
        await unit.execute(KEEP, values)

    async def prune(self, unit: Unit, keep_s: float) -> int:
        """Drop what is older; returns how many."""
        result = await unit.execute(PRUNE, {"keep_s": keep_s})
        dropped: int = result.rowcount
        return dropped

    async def levels(
        self, name: str, queue: str | None, after: datetime, until: datetime, step_s: int, *, greatest: bool
    ) -> dict[datetime, float]:
        """The sum over queues (or the greatest) at each step in which there was a sample."""
        values = {"name": name, "queue": queue, "after": after, "until": until, "step_s": step_s, "greatest": greatest}
        return await self._points(LEVELS, values)

    async def growth(
        self, name: str, queue: str | None, after: datetime, until: datetime, step_s: int, *, gap_s: float
    ) -> dict[datetime, float]:
        """By how much a counter grew a second, summed over queues, at each step in which it can be told."""
        values = {"name": name, "queue": queue, "after": after, "until": until, "step_s": step_s, "gap_s": gap_s}
        return await self._points(GROWTH, values)

    async def _points(self, statement: TextClause, values: Mapping[str, object]) -> dict[datetime, float]:
        async with open_unit(self._engine) as unit:
            return {row["at"]: row["value"] for row in (await unit.execute(statement, values)).mappings()}
