"""What became of the jobs of a run."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Fates
from graveshift.drivers.postgres.connection import read

# By what is counted of each run: a million jobs are not counted to say how many there are.
FATES = text("""
SELECT requeued, requeued - coalesce(done, 0) - coalesce(died, 0) - coalesce(other, 0) - running AS waiting, running,
       coalesce(done, 0) AS done, coalesce(died, 0) AS dead
FROM (
    SELECT sum(n) FILTER (WHERE what = 'requeued') AS requeued, sum(n) FILTER (WHERE what = 'done') AS done,
           sum(n) FILTER (WHERE what = 'died') AS died, sum(n) FILTER (WHERE what IN ('recalled', 'cancelled')) AS other
    FROM (SELECT run_id, what, n FROM graveshift.run_counts
          UNION ALL SELECT run_id, what, n FROM graveshift.run_deltas) every WHERE run_id = :run) told,
    (SELECT count(*) AS running FROM graveshift.jobs
     WHERE state = 'running' AND run_id IS NOT DISTINCT FROM CAST(:run AS bigint)) now
WHERE requeued > 0
""")
# Of what nothing is counted of: discards, and runs whose counts were pruned.
FOUND = text("""
SELECT (SELECT count(*) FROM graveshift.jobs WHERE run_id = :run AND state <> 'running') AS waiting,
       (SELECT count(*) FROM graveshift.jobs WHERE run_id = :run AND state = 'running') AS running,
       (SELECT count(*) FROM graveshift.done WHERE run_id = :run AND state = 'done') AS done,
       (SELECT count(*) FROM graveshift.dead WHERE run_id = :run) AS dead,
       (SELECT count(*) FROM graveshift.trash WHERE discarded_by = :run) AS discarded
""")


async def fates(engine: AsyncEngine, run_id: int) -> Fates:
    """What became of a run's jobs by now; what waits for another attempt is `waiting`."""
    if told := await read(engine, FATES, {"run": run_id}):
        row = told[0]
        return Fates(int(row.waiting), row.running, int(row.done), int(row.dead))
    row = (await read(engine, FOUND, {"run": run_id}))[0]
    return Fates(row.waiting, row.running, row.done, row.dead, row.discarded)
