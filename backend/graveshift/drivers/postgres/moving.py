"""Letters on the move: requeued, discarded, recalled; and what became of the jobs of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Fates, Move, Unit, Verdict
from graveshift.drivers.postgres.connection import read
from graveshift.store.position import letter_position
from graveshift.wire.ids import encode
from graveshift.wire.runs import Outcome

# The bounds name the days at issue, so that PostgreSQL plans for their partitions only.
# Letters are locked before anything is done, all in one order, and only what was locked is moved: whoever overlaps
# waits here, and then finds them gone.
LOCK = text("""
SELECT d.died_at, d.id FROM graveshift.dead d
JOIN unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id) USING (died_at, id)
WHERE d.died_at BETWEEN CAST(:low AS timestamptz) AND CAST(:high AS timestamptz)
ORDER BY d.died_at, d.id FOR UPDATE OF d
""")

# The job is inserted first, and only a letter whose job is in again leaves: a live job that holds the unique key
# leaves its letter where it is. `NOT IN` is a hash whatever the planner believes; a join of two of these lists is not.
REQUEUE = text("""
WITH chosen AS MATERIALIZED (
    SELECT d.* FROM graveshift.dead d
    JOIN unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id) USING (died_at, id)
    WHERE d.died_at BETWEEN CAST(:low AS timestamptz) AND CAST(:high AS timestamptz)
), back AS (
    INSERT INTO graveshift.jobs (id, run_at, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count,
                                 priority, queue, kind, state, unique_key, trace_id)
    SELECT id, now(), enqueued_at, CAST(:run AS bigint), attempt, attempt + budget, budget, requeue_count + 1, priority,
           queue, kind, 'waiting', unique_key, trace_id
    FROM chosen ORDER BY queue, unique_key NULLS FIRST, died_at, id
    ON CONFLICT DO NOTHING RETURNING id
), stuck AS (
    SELECT id FROM chosen EXCEPT SELECT id FROM back
), left_behind AS (
    DELETE FROM graveshift.dead d USING chosen
    WHERE d.died_at = chosen.died_at AND d.id = chosen.id AND chosen.id NOT IN (SELECT id FROM stuck)
      AND d.died_at BETWEEN CAST(:low AS timestamptz) AND CAST(:high AS timestamptz)
), settled AS (
    INSERT INTO graveshift.settled (settled_by, how, died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
                                    requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker,
                                    worker_version, trace_id)
    SELECT CAST(:run AS bigint), 'requeued', died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
           requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker, worker_version, trace_id
    FROM chosen WHERE id NOT IN (SELECT id FROM stuck)
)
SELECT died_at, id, id NOT IN (SELECT id FROM stuck) AS moved FROM chosen
""")

DISCARD = text("""
WITH gone AS (
    DELETE FROM graveshift.dead d
    USING unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
    WHERE d.died_at = u.died_at AND d.id = u.id
      AND d.died_at BETWEEN CAST(:low AS timestamptz) AND CAST(:high AS timestamptz)
    RETURNING d.*
)
INSERT INTO graveshift.settled (settled_by, how, died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
                                requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker,
                                worker_version, trace_id)
SELECT CAST(:run AS bigint), 'discarded', died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
       requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker, worker_version, trace_id
FROM gone RETURNING died_at, id, true AS moved
""")

SETTLED = text("""
SELECT s.died_at, s.id FROM graveshift.settled s
JOIN unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id) USING (died_at, id)
WHERE s.settled_by = CAST(:run AS bigint) AND s.how = :how
""")

# What no worker has started: its attempt is the one it died with. Started jobs are seen in `stands`.
RECALL = text("""
WITH chosen AS MATERIALIZED (
    SELECT s.* FROM graveshift.settled s
    JOIN unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id) USING (died_at, id)
    WHERE s.settled_by = CAST(:run AS bigint) AND s.how = 'requeued'
), free AS MATERIALIZED (
    SELECT j.id FROM graveshift.jobs j JOIN chosen USING (id)
    WHERE j.state IN ('waiting', 'scheduled') AND j.attempt = chosen.attempt AND j.run_id = CAST(:run AS bigint)
    ORDER BY j.id FOR UPDATE OF j
), taken AS (
    DELETE FROM graveshift.jobs j USING free WHERE j.id = free.id RETURNING j.id
), started AS (
    SELECT id FROM chosen EXCEPT SELECT id FROM taken
), again AS (
    INSERT INTO graveshift.dead (died_at, id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count,
                                 priority, queue, kind, fingerprint, error_type, unique_key, worker, worker_version,
                                 trace_id)
    SELECT died_at, id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
           fingerprint, error_type, unique_key, worker, worker_version, trace_id
    FROM chosen WHERE id NOT IN (SELECT id FROM started)
), forgotten AS (
    DELETE FROM graveshift.settled s USING chosen
    WHERE chosen.id NOT IN (SELECT id FROM started)
      AND s.settled_at = chosen.settled_at AND s.died_at = chosen.died_at AND s.id = chosen.id
)
SELECT died_at, id, id NOT IN (SELECT id FROM started) AS moved FROM chosen
""")

FATES = text("""
SELECT (SELECT count(*) FROM graveshift.jobs WHERE run_id = :run AND state <> 'running') AS waiting,
       (SELECT count(*) FROM graveshift.jobs WHERE run_id = :run AND state = 'running') AS running,
       (SELECT count(*) FROM graveshift.done WHERE run_id = :run AND state = 'done') AS done,
       (SELECT count(*) FROM graveshift.dead WHERE run_id = :run) AS dead
""")

Places = Mapping[tuple[Any, int], bool]


async def move(unit: Unit, system: str, natives: Sequence[str], to: Move, run_id: int) -> list[Verdict]:
    """One verdict a letter; see `graveshift.driver.Source.move`."""
    statement, how = (REQUEUE, "requeued") if to is Move.REQUEUE else (DISCARD, "discarded")
    places = {native: letter_position(native) for native in natives}
    locked = (await unit.execute(LOCK, _arrays(places))).all()
    held = _arrays({str(row.id): (row.died_at, row.id) for row in locked})
    moved = _by_place((await unit.execute(statement, {**held, "run": run_id})).all()) if locked else {}
    missing = {native: place for native, place in places.items() if place is not None and place not in moved}
    if missing:
        rows = (await unit.execute(SETTLED, {**_keys(missing), "run": run_id, "how": how})).all()
        moved = {**moved, **{(row.died_at, row.id): True for row in rows}}
    return [_verdict(system, native, place, moved) for native, place in places.items()]


async def recall(unit: Unit, system: str, natives: Sequence[str], run_id: int) -> list[Verdict]:
    """One verdict a letter; what was started since stays where it is."""
    places = {native: letter_position(native) for native in natives}
    moved = _by_place((await unit.execute(RECALL, {**_keys(places), "run": run_id})).all())
    return [_recalled(system, native, place, moved) for native, place in places.items()]


async def fates(engine: AsyncEngine, run_id: int) -> Fates:
    """What became of a run's jobs by now; what waits for another attempt is `waiting`."""
    row = (await read(engine, FATES, {"run": run_id}))[0]
    return Fates(row.waiting, row.running, row.done, row.dead)


def _keys(places: Mapping[str, Any]) -> dict[str, Any]:
    known = [place for place in places.values() if place is not None]
    return {"died_ats": [place[0] for place in known], "ids": [place[1] for place in known]}


def _arrays(places: Mapping[str, Any]) -> dict[str, Any]:
    keys = _keys(places)
    return {**keys, "low": min(keys["died_ats"], default=None), "high": max(keys["died_ats"], default=None)}


def _by_place(rows: Sequence[Any]) -> dict[tuple[Any, int], bool]:
    return {(row.died_at, row.id): row.moved for row in rows}


def _verdict(system: str, native: str, place: tuple[Any, int] | None, moved: Places) -> Verdict:
    public = encode(system, native)
    if place is None or place not in moved:
        return Verdict(public, Outcome.GONE, "it is no letter any more")
    job = encode(system, str(place[1]))
    if moved[place]:
        return Verdict(public, Outcome.MOVED, None, job)
    return Verdict(public, Outcome.CONFLICT, "a live job holds its unique key", job)


def _recalled(system: str, native: str, place: tuple[Any, int] | None, moved: Places) -> Verdict:
    public = encode(system, native)
    if place is None or place not in moved:
        return Verdict(public, Outcome.GONE, "this run did not requeue it, or it was recalled already")
    job = encode(system, str(place[1]))
    return (
        Verdict(public, Outcome.MOVED, None, job)
        if moved[place]
        else Verdict(public, Outcome.GONE, "already started", job)
    )
