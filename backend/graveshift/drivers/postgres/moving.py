"""Letters on the move: requeued, discarded, recalled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from graveshift.back import AS_IT_WAS, Back
from graveshift.driver import Move, Unit, Verdict
from graveshift.drivers.postgres import editing
from graveshift.drivers.postgres.doorbell import RING_AT_COMMIT
from graveshift.store.position import letter_position
from graveshift.wire.ids import encode
from graveshift.wire.runs import Outcome

# A chunk is a handful of rows among millions: every row is found by its index, in a plan made for this very chunk. A
# plan that was kept, or one that joins whole days, is a hundred times as slow once a burst has outgrown the statistics.
BY_ROW = text("""
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('enable_material', 'off', true)
""")

# Letters are locked before anything is done, all in one order, and only what was locked is moved: whoever overlaps
# waits here, and then finds them gone. The bounds name the days at issue for the search;
# beside a join they would tempt it to compare all of the day with all of the chunk.
# It goes behind all live traffic, whatever its priority, and has that again once it is claimed.
# The job is inserted first, and only a letter whose job is in again leaves: a live job that holds the unique key
# leaves its letter where it is. What has no key cannot meet one, and is inserted without looking for it, which is a
# fifth of all. `NOT IN` is a hash whatever the planner believes; a join of two of these lists is not.
REQUEUE = text("""
WITH chosen AS MATERIALIZED (
    SELECT d.* FROM (SELECT * FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
                     ORDER BY died_at, id) u,
    LATERAL (SELECT d.* FROM graveshift.dead d
             WHERE d.died_at = u.died_at AND d.id = u.id
               AND d.died_at BETWEEN CAST(:low AS timestamptz) AND CAST(:high AS timestamptz) FOR UPDATE) d
), due AS MATERIALIZED (
    SELECT greatest(now(), CAST(:run_at AS timestamptz),
                    now() + make_interval(secs => CAST(:delay_s AS double precision))) AS at
), new AS NOT MATERIALIZED (
    SELECT died_at, id, due.at AS run_at, enqueued_at, CAST(:run AS bigint) AS run_id, attempt,
           attempt + CASE WHEN CAST(:keep_attempts AS boolean) THEN greatest(max_attempts - attempt, 1) ELSE budget END
               AS max_attempts,
           budget, requeue_count + 1 AS requeue_count, graveshift.own_priority(priority) - 1000 AS priority,
           coalesce(CAST(:queue AS text), queue) AS queue, kind,
           CASE WHEN due.at > now() THEN 'scheduled' ELSE 'waiting' END AS state, unique_key, trace_id, worker_version
    FROM chosen, due
), free AS (
    INSERT INTO graveshift.jobs (id, run_at, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count,
                                 priority, queue, kind, state, trace_id, worker_version)
    SELECT id, run_at, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
           state, trace_id, worker_version
    FROM new WHERE unique_key IS NULL
), keyed AS (
    INSERT INTO graveshift.jobs (id, run_at, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count,
                                 priority, queue, kind, state, unique_key, trace_id, worker_version)
    SELECT id, run_at, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
           state, unique_key, trace_id, worker_version
    FROM new WHERE unique_key IS NOT NULL ORDER BY queue, unique_key, died_at, id
    ON CONFLICT (queue, unique_key) WHERE unique_key IS NOT NULL DO NOTHING RETURNING id
), stuck AS (
    SELECT id FROM chosen WHERE unique_key IS NOT NULL EXCEPT SELECT id FROM keyed
), left_behind AS (
    DELETE FROM graveshift.dead d USING chosen
    WHERE d.died_at = chosen.died_at AND d.id = chosen.id AND chosen.id NOT IN (SELECT id FROM stuck)
), settled AS (
    INSERT INTO graveshift.settled (settled_by, died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
                                    requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker,
                                    worker_version, trace_id)
    SELECT CAST(:run AS bigint), died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
           requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker, worker_version, trace_id
    FROM chosen WHERE id NOT IN (SELECT id FROM stuck)
)
SELECT died_at, id, id IN (SELECT id FROM stuck) AS stuck
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
WHERE (died_at, id) NOT IN (SELECT died_at, id FROM chosen) OR id IN (SELECT id FROM stuck)
""")

DISCARD = text("""
WITH chosen AS MATERIALIZED (
    SELECT d.* FROM (SELECT * FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
                     ORDER BY died_at, id) u,
    LATERAL (SELECT d.died_at, d.id FROM graveshift.dead d
             WHERE d.died_at = u.died_at AND d.id = u.id
               AND d.died_at BETWEEN CAST(:low AS timestamptz) AND CAST(:high AS timestamptz) FOR UPDATE) d
), gone AS (
    DELETE FROM graveshift.dead d USING chosen
    WHERE d.died_at = chosen.died_at AND d.id = chosen.id
    RETURNING d.*
), trashed AS (
    INSERT INTO graveshift.trash (discarded_by, died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
                                  requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker,
                                  worker_version, trace_id)
    SELECT CAST(:run AS bigint), died_at, id, enqueued_at, run_id, attempt, max_attempts, budget,
           requeue_count, priority, queue, kind, fingerprint, error_type, unique_key, worker, worker_version, trace_id
    FROM gone
)
SELECT died_at, id, false AS stuck
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
WHERE (died_at, id) NOT IN (SELECT died_at, id FROM gone)
""")

# A letter is settled after it died; the days' grace is for a clock that was set.
SETTLED = text("""
SELECT s.died_at, s.id FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id),
LATERAL (SELECT s.died_at, s.id FROM graveshift.settled s
         WHERE s.died_at = u.died_at AND s.id = u.id AND s.settled_by = CAST(:run AS bigint)
           AND s.settled_at BETWEEN CAST(:low AS timestamptz) - interval '1 day' AND now() + interval '1 day'
         OFFSET 0) s
""")

DISCARDED = text("""
SELECT t.died_at, t.id FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id),
LATERAL (SELECT t.died_at, t.id FROM graveshift.trash t
         WHERE t.id = u.id AND t.died_at = u.died_at AND t.discarded_by = CAST(:run AS bigint) OFFSET 0) t
""")

# What no worker has started: its attempt is the one it died with.
# `IS NOT DISTINCT FROM` keeps a job from being looked for among all that the run moved: no index serves that.
RECALL = text("""
WITH chosen AS MATERIALIZED (
    SELECT s.* FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id),
    LATERAL (SELECT s.* FROM graveshift.settled s
             WHERE s.died_at = u.died_at AND s.id = u.id
               AND s.settled_by = CAST(:run AS bigint)
               AND s.settled_at BETWEEN CAST(:low AS timestamptz) - interval '1 day' AND now() + interval '1 day'
             OFFSET 0) s
), free AS MATERIALIZED (
    SELECT j.id FROM (SELECT id, attempt FROM chosen ORDER BY id) c,
    LATERAL (SELECT j.id FROM graveshift.jobs j
             WHERE j.id = c.id AND j.state IN ('waiting', 'scheduled', 'held') AND j.attempt = c.attempt
               AND j.run_id IS NOT DISTINCT FROM CAST(:run AS bigint) FOR UPDATE) j
), taken AS (
    DELETE FROM graveshift.jobs WHERE id = ANY(ARRAY(SELECT id FROM free)) RETURNING id
), started AS (
    SELECT id FROM chosen EXCEPT SELECT id FROM taken
), again AS (
    INSERT INTO graveshift.dead (died_at, id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count,
                                 priority, queue, kind, fingerprint, error_type, unique_key, worker, worker_version,
                                 trace_id, restored_at)
    SELECT died_at, id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
           fingerprint, error_type, unique_key, worker, worker_version, trace_id, now()
    FROM chosen WHERE id NOT IN (SELECT id FROM started)
), forgotten AS (
    DELETE FROM graveshift.settled s USING chosen
    WHERE chosen.id NOT IN (SELECT id FROM started)
      AND s.settled_at = chosen.settled_at AND s.died_at = chosen.died_at AND s.id = chosen.id
)
SELECT died_at, id, id IN (SELECT id FROM started) AS stuck
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id)
WHERE (died_at, id) NOT IN (SELECT died_at, id FROM chosen) OR id IN (SELECT id FROM started)
""")

NO_LETTER, KEY_TAKEN = "it is no letter any more", "a live job holds its unique key"
NOT_ITS_OWN = "this run did not requeue it, or it was recalled already"

Position = tuple[datetime, int]
Left = Mapping[Position, bool]


async def move(
    unit: Unit, system: str, natives: Sequence[str], to: Move, run_id: int, *, back: Back = AS_IT_WAS
) -> list[Verdict]:
    """One verdict a letter; see `graveshift.driver.Source.move`."""
    statement, repeated = (REQUEUE, SETTLED) if to is Move.REQUEUE else (DISCARD, DISCARDED)
    places = {native: letter_position(native) for native in natives}
    how = _how(back) if to is Move.REQUEUE else {}
    named = {**arrays(places), **how, "run": run_id}
    await unit.prepare(BY_ROW)
    left = by_place((await unit.execute(statement, named)).all())
    if to is Move.REQUEUE:
        edited = {place[1]: text for native, text in back.edited.items()
                  if (place := places.get(native)) and place not in left}  # fmt: skip
        await editing.edit(unit, edited, run_id, back.by)
        await unit.execute(RING_AT_COMMIT)
    missing = {native: place for native, place in places.items() if place is not None and left.get(place) is False}
    if missing:
        params = repeated.compile().params
        again = {name: value for name, value in arrays(missing).items() if name in params}
        before = {(row.died_at, row.id) for row in (await unit.execute(repeated, {**again, "run": run_id})).all()}
        left = {place: stuck for place, stuck in left.items() if place not in before}
    return verdicts(system, places, left, gone=NO_LETTER, stuck=(Outcome.CONFLICT, KEY_TAKEN))


async def recall(unit: Unit, system: str, natives: Sequence[str], run_id: int) -> list[Verdict]:
    """One verdict a letter; what was started since stays where it is."""
    places = {native: letter_position(native) for native in natives}
    named = {**arrays(places), "run": run_id}
    await unit.prepare(BY_ROW)
    left = by_place((await unit.execute(RECALL, named)).all())
    back = [place[1] for place in places.values() if place is not None and place not in left]
    await editing.take_back(unit, back, run_id)
    return verdicts(system, places, left, gone=NOT_ITS_OWN, stuck=(Outcome.GONE, "already started"))


def _how(back: Back) -> dict[str, Any]:
    named = {"queue": back.queue, "run_at": back.run_at, "delay_s": back.delay_s}
    return {**named, "keep_attempts": back.keep_attempts}


def arrays(places: Mapping[str, Position | None]) -> dict[str, Any]:
    """As columns, and the first and last moment of them; None where there are none."""
    known = [place for place in places.values() if place is not None]
    died_ats = [died_at for died_at, _ in known]
    bounds = {"low": min(died_ats, default=None), "high": max(died_ats, default=None)}
    return {"died_ats": died_ats, "ids": [job for _, job in known], **bounds}


def by_place(rows: Sequence[Any]) -> dict[Position, bool]:
    """Which letters did not move, and whether they are still there."""
    return {(died_at, job): stuck for died_at, job, stuck in rows}


def verdicts(
    system: str, places: Mapping[str, Position | None], left: Left, *, gone: str, stuck: tuple[Outcome, str]
) -> list[Verdict]:
    """One a letter, in order. What is `left` did not move: it is `stuck`, or was not found."""
    told = []
    for native, place in places.items():
        public = encode(system, native)
        job = None if place is None else f"{system}:{place[1]}"
        if place is not None and place not in left:
            told.append(Verdict(public, Outcome.MOVED, None, job))
        elif place is not None and left[place]:
            told.append(Verdict(public, stuck[0], stuck[1], job))
        else:
            told.append(Verdict(public, Outcome.GONE, gone))
    return told
