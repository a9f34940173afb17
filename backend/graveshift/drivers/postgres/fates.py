"""What became of the jobs of runs, summed in one place: of many at once, and of one that may be undone."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift import trial
from graveshift.driver import Fates
from graveshift.drivers.postgres.connection import read
from graveshift.wire.runs import Became

# From the roll-up and what is pending, a few rows for each run and cause: a million jobs are not counted to say how
# many there are.
COUNTED = text("""
SELECT run_id, what, CAST(sum(n) AS bigint) AS n FROM (
    SELECT run_id, what, n FROM graveshift.run_counts WHERE run_id = ANY(CAST(:runs AS bigint[]))
    UNION ALL SELECT run_id, what, n FROM graveshift.run_deltas WHERE run_id = ANY(CAST(:runs AS bigint[]))
) every GROUP BY run_id, what
""")
# Not by the run, of which there may be a million, but by the indexes of what runs and of what is tried again.
BEGUN = text("""
SELECT (SELECT count(*) FROM graveshift.jobs
        WHERE state = 'running' AND run_id IS NOT DISTINCT FROM CAST(:run AS bigint)) AS running,
       (SELECT count(*) FROM graveshift.jobs WHERE state = 'retrying' AND fingerprint IS NOT NULL
        AND run_id IS NOT DISTINCT FROM CAST(:run AS bigint)) AS retrying
""")
# Of what nothing is counted of: discards, and runs whose counts were pruned.
FOUND = text("""
SELECT (SELECT count(*) FROM graveshift.jobs WHERE run_id = :run AND state NOT IN ('running', 'retrying')) AS waiting,
       (SELECT count(*) FROM graveshift.jobs WHERE run_id = :run AND state = 'retrying') AS retrying,
       (SELECT count(*) FROM graveshift.jobs WHERE run_id = :run AND state = 'running') AS running,
       (SELECT count(*) FROM graveshift.done WHERE run_id = :run AND state = 'done') AS done,
       (SELECT count(*) FROM graveshift.dead WHERE run_id = :run) AS dead,
       (SELECT count(*) FROM graveshift.trash WHERE discarded_by = :run) AS discarded
""")


async def counted(engine: AsyncEngine, runs: Sequence[int]) -> Mapping[int, Became]:
    """Of those of these runs that requeued something."""
    if not runs:
        return {}
    sums: dict[int, dict[str, int]] = {}
    for row in await read(engine, COUNTED, {"runs": list(runs)}):
        sums.setdefault(row.run_id, {})[row.what] = row.n
    return {run: trial.became(of) for run, of in sums.items()}


async def fates(engine: AsyncEngine, run_id: int) -> Fates:
    """What became of a run's jobs by now."""
    told = (await counted(engine, [run_id])).get(run_id)
    if told is None:
        row = (await read(engine, FOUND, {"run": run_id}))[0]
        return Fates(row.waiting, row.running, row.done, row.dead, row.discarded, row.retrying)
    row = (await read(engine, BEGUN, {"run": run_id}))[0]
    return trial.fates(told, row.running, row.retrying)
