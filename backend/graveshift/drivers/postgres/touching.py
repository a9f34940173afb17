"""Live jobs that no worker has: held, released, buried, made due, purged; each chunk in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from graveshift.driver import Unit, Verdict
from graveshift.drivers.postgres.text import storable
from graveshift.fingerprint import fingerprint
from graveshift.judging import BURIED, NO_REASON, judge
from graveshift.store.position import job_number
from graveshift.touch import Order, Touch
from graveshift.wire.ids import encode

# What a job is when nothing holds it: its last failure and its time tell.
OPEN = """CASE WHEN jobs.fingerprint IS NOT NULL THEN 'retrying' WHEN jobs.run_at > now() THEN 'scheduled'
                 ELSE 'waiting' END"""
RELEASED = f"state = {OPEN}, held_until = NULL, held_reason = NULL"

# Locked in one order, and then only what was locked is changed: a claim that came first leaves a running job here, and
# one that comes later passes over the locked row, or finds it held.
FOUND = """
WITH found AS MATERIALIZED (
    SELECT * FROM graveshift.jobs WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
)"""
STATES = """
SELECT id, state, CAST(NULL AS bigint) AS run_id FROM found
UNION ALL SELECT id, state, run_id FROM graveshift.done WHERE id = ANY(CAST(:ids AS bigint[]))
UNION ALL SELECT id, 'dead', run_id FROM graveshift.dead WHERE id = ANY(CAST(:ids AS bigint[]))
"""

HOLD = text(f"""{FOUND}, changed AS (
    UPDATE graveshift.jobs SET state = 'held', held_until = CAST(:until AS timestamptz), held_reason = :reason
    FROM found WHERE jobs.id = found.id AND found.state <> 'running'
){STATES}""")

RELEASE = text(f"""{FOUND}, changed AS (
    UPDATE graveshift.jobs SET {RELEASED} FROM found WHERE jobs.id = found.id AND found.state = 'held'
){STATES}""")

RETRY = text(f"""{FOUND}, changed AS (
    UPDATE graveshift.jobs SET run_at = least(jobs.run_at, now()), held_until = NULL, held_reason = NULL,
           state = CASE WHEN jobs.fingerprint IS NULL THEN 'waiting' ELSE 'retrying' END
    FROM found WHERE jobs.id = found.id AND found.state IN ('scheduled', 'retrying', 'held')
){STATES}""")

PURGE = text(f"""{FOUND}, ended AS (
    DELETE FROM graveshift.jobs USING found WHERE jobs.id = found.id AND found.state <> 'running'
), kept AS (
    INSERT INTO graveshift.done (id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority,
                                 queue, kind, state, unique_key, trace_id)
    SELECT id, enqueued_at, started_at, CAST(:run AS bigint), attempt, max_attempts, requeue_count,
           graveshift.own_priority(priority), queue, kind, 'cancelled', unique_key, trace_id
    FROM found WHERE state <> 'running'
){STATES}""")

# A burial is no failed attempt and is not counted as one; a failure of none in the deltas gives its group a name.
BURY = text(f"""{FOUND}, ended AS (
    DELETE FROM graveshift.jobs USING found WHERE jobs.id = found.id AND found.state <> 'running'
), died AS (
    INSERT INTO graveshift.dead (id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue,
                                 kind, fingerprint, error_type, unique_key, worker_version, trace_id)
    SELECT id, enqueued_at, CAST(:run AS bigint), attempt, max_attempts, budget, requeue_count,
           graveshift.own_priority(priority), queue, kind, :print, :type, unique_key, worker_version, trace_id
    FROM found WHERE state <> 'running'
), worded AS (
    INSERT INTO graveshift.dead_text (died_at, id, error_message, payload, search)
    SELECT now(), id, CAST(:reason AS text), p.payload,
           graveshift.words(CAST(:type AS text), CAST(:reason AS text))
    FROM found LEFT JOIN graveshift.payloads p USING (id) WHERE state <> 'running'
), named AS (
    INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, error_type, message)
    SELECT 0, queue, 'failed', kind, :print, :type, left(CAST(:reason AS text), 500)
    FROM found WHERE state <> 'running' GROUP BY queue, kind
){STATES}""")

STATEMENTS: Mapping[Touch, Any] = {
    Touch.HOLD: HOLD,
    Touch.RELEASE: RELEASE,
    Touch.BURY: BURY,
    Touch.RETRY: RETRY,
    Touch.PURGE: PURGE,
}


async def touch(unit: Unit, system: str, natives: Sequence[str], order: Order) -> list[Verdict]:
    """One verdict for each job; see `graveshift.driver.Source.touch`."""
    numbers = {native: job_number(native) for native in natives}
    ids = sorted(number for number in numbers.values() if number is not None)
    rows = (await unit.execute(STATEMENTS[order.touch], {"ids": ids, **_named(order)})).all()
    ends = {Touch.BURY: "dead", Touch.PURGE: "cancelled"}
    found = {row.id: (row.state, (row.state, row.run_id) == (ends.get(order.touch), order.run_id)) for row in rows}
    return [
        judge(encode(system, native), order.touch, *found.get(number or 0, (None, False)))
        for native, number in numbers.items()
    ]


def _named(order: Order) -> dict[str, Any]:
    reason = order.reason and storable(order.reason)
    match order.touch:
        case Touch.HOLD:
            return {"until": order.until, "reason": reason}
        case Touch.PURGE:
            return {"run": order.run_id}
        case Touch.BURY:
            words = reason or NO_REASON
            named = {"reason": words, "type": BURIED, "print": fingerprint(BURIED, words)}
            return {**named, "run": order.run_id}
    return {}
