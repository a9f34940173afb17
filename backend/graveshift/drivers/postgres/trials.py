"""What a run moved, followed: ahead of all others, where each job is, and how the first attempts went."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.drivers.postgres.connection import read
from graveshift.drivers.postgres.doorbell import RING_AT_COMMIT
from graveshift.drivers.postgres.fates import counted
from graveshift.store.position import job_number
from graveshift.trial import AHEAD, AHEAD_FROM, Firsts, Trial
from graveshift.wire.runs import Became, Fate

# What goes ahead is due now, whenever it was to come back.
# Locked in one order; a claim that came first leaves a running job here, and that is not lifted.
LIFT = text("""
WITH found AS MATERIALIZED (
    SELECT id FROM graveshift.jobs WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
)
UPDATE graveshift.jobs j
SET priority = graveshift.own_priority(j.priority) + CASE WHEN CAST(:ahead AS boolean) THEN 1 ELSE -1 END
               * CAST(:lift AS integer),
    run_at = CASE WHEN CAST(:ahead AS boolean) THEN least(j.run_at, now()) ELSE j.run_at END,
    state = CASE WHEN CAST(:ahead AS boolean) AND j.state = 'scheduled' THEN 'waiting' ELSE j.state END
FROM found WHERE j.id = found.id AND j.run_id IS NOT DISTINCT FROM CAST(:run AS bigint) AND j.state <> 'running'
  AND j.fingerprint IS NULL AND (j.priority > CAST(:lane AS integer)) <> CAST(:ahead AS boolean)
RETURNING j.id
""")

# One probe for each job and place, whatever else carries the run: with `=` all that the run moved would be read, by an
# index that looks as good to the planner before it has heard of the run. What failed at first is `failed` for good.
TRIALS = text("""
SELECT u.id, coalesce(j.queue, e.queue, d.queue) AS queue,
       CASE WHEN EXISTS (SELECT FROM graveshift.attempts a WHERE a.job_id = u.id AND a.first_of = CAST(:run AS bigint)
                         OFFSET 0) THEN 'failed'
            WHEN j.state = 'running' THEN 'running'
            WHEN j.id IS NOT NULL THEN 'waiting'
            WHEN e.state = 'done' THEN 'done'
            ELSE 'gone' END AS fate
FROM unnest(CAST(:ids AS bigint[])) AS u (id)
LEFT JOIN LATERAL (SELECT j.id, j.queue, j.state FROM graveshift.jobs j
                   WHERE j.id = u.id AND j.run_id IS NOT DISTINCT FROM CAST(:run AS bigint) OFFSET 0) j ON true
LEFT JOIN LATERAL (SELECT e.queue, e.state FROM graveshift.done e
                   WHERE e.id = u.id AND e.run_id IS NOT DISTINCT FROM CAST(:run AS bigint) LIMIT 1) e ON true
LEFT JOIN LATERAL (SELECT d.queue FROM graveshift.dead d
                   WHERE d.id = u.id AND d.run_id IS NOT DISTINCT FROM CAST(:run AS bigint) LIMIT 1) d ON true
""")

# The ends of two indexes, merged: as cheap whatever the run has moved.
FIRSTS = text("""
SELECT count(*) AS tried, count(*) FILTER (WHERE failed) AS failed FROM (
    SELECT * FROM (
        (SELECT finished_at, true AS failed FROM graveshift.attempts
         WHERE first_of = CAST(:run AS bigint) AND finished_at > CAST(:since AS timestamptz)
         ORDER BY finished_at DESC LIMIT CAST(:most AS integer))
        UNION ALL
        (SELECT finished_at, false FROM graveshift.done
         WHERE first_of = CAST(:run AS bigint) AND finished_at > CAST(:since AS timestamptz)
         ORDER BY finished_at DESC LIMIT CAST(:most AS integer))) ends
    ORDER BY finished_at DESC LIMIT CAST(:most AS integer)) newest
""")

ENQUEUED = text("""
SELECT CAST(coalesce(sum(n), 0) AS bigint) AS n FROM (
    SELECT n FROM graveshift.depth WHERE what = 'enqueued'
    UNION ALL SELECT n FROM graveshift.deltas WHERE what = 'enqueued') every
""")


class PostgresTrials:
    """See `graveshift.trial.Trials`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lift(self, unit: Unit, jobs: Sequence[str], run_id: int, *, ahead: bool) -> None:
        named = {"run": run_id, "ahead": ahead, "lift": AHEAD, "lane": AHEAD_FROM}
        lifted = (await unit.execute(LIFT, {"ids": _numbers(jobs), **named})).all()
        if lifted and ahead:
            await unit.execute(RING_AT_COMMIT)

    async def trials(self, jobs: Sequence[str], run_id: int) -> Sequence[Trial]:
        rows = {row.id: row for row in await read(self._engine, TRIALS, {"ids": _numbers(jobs), "run": run_id})}
        found = [(job, rows.get(job_number(job) or 0)) for job in jobs]
        return [Trial(job, Fate(row.fate), row.queue) if row else Trial(job, Fate.GONE) for job, row in found]

    async def firsts(self, run_id: int, most: int, since: datetime) -> Firsts:
        row = (await read(self._engine, FIRSTS, {"run": run_id, "most": most, "since": since}))[0]
        return Firsts(row.tried, row.failed)

    async def enqueued(self) -> int:
        return int((await read(self._engine, ENQUEUED))[0].n)

    async def became(self, runs: Sequence[int]) -> Mapping[int, Became]:
        return await counted(self._engine, runs)


def _numbers(jobs: Sequence[str]) -> list[int]:
    return sorted({number for job in jobs if (number := job_number(job)) is not None})
