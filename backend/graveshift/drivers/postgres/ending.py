"""How an attempt ends: finished, failed into a retry or a death, or cancelled; each in one fenced statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from graveshift.drivers.postgres.connection import Held
from graveshift.drivers.postgres.text import storable
from graveshift.drivers.postgres.tickets import fence, stale
from graveshift.work import Failure, Ticket

# The part of a message that each attempt's record keeps.
RECORDED = 2000

END = text("""
WITH ended AS (
    DELETE FROM graveshift.jobs j
    USING unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:owners AS uuid[]))
          AS t (id, attempt, owner)
    WHERE j.id = t.id AND j.attempt = t.attempt AND j.lease_owner = t.owner
    RETURNING j.*
)
INSERT INTO graveshift.done (id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority,
                             queue, kind, state, unique_key, worker, trace_id, first_of)
SELECT id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority, queue, kind,
       CAST(:state AS text), unique_key, CAST(:worker AS text), trace_id,
       CASE WHEN fingerprint IS NULL AND CAST(:state AS text) = 'done' THEN run_id END
FROM ended RETURNING id, attempt
""")

# A death copies the payload beside the error, and leaves the original where it is: a requeue moves narrow rows only.
FAIL = text("""
WITH held AS MATERIALIZED (
    SELECT j.*, f.retry_in_s, f.error_fingerprint, f.error_type, f.error_message, f.traceback, f.worker,
           f.failed_version, f.split,
           CASE WHEN j.cancel_requested THEN 'cancelled'
                WHEN f.retry_in_s IS NULL OR j.attempt >= j.max_attempts THEN 'dead' ELSE 'retrying' END AS fate
    FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:owners AS uuid[]),
                CAST(:retries AS double precision[]), CAST(:fingerprints AS text[]), CAST(:types AS text[]),
                CAST(:messages AS text[]), CAST(:tracebacks AS text[]), CAST(:workers AS text[]),
                CAST(:versions AS text[]), CAST(:splits AS text[]))
         AS f (id, attempt, owner, retry_in_s, error_fingerprint, error_type, error_message, traceback, worker,
               failed_version, split)
    JOIN graveshift.jobs j ON j.id = f.id AND j.attempt = f.attempt AND j.lease_owner = f.owner
    ORDER BY j.id FOR UPDATE OF j
), again AS (
    UPDATE graveshift.jobs j SET state = 'retrying', fingerprint = held.error_fingerprint, crashes = 0, begun = false,
           worker_version = held.failed_version,
           run_at = now() + make_interval(secs => held.retry_in_s), lease_owner = NULL, lease_until = NULL
    FROM held WHERE j.id = held.id AND held.fate = 'retrying'
), ended AS (
    DELETE FROM graveshift.jobs j USING held WHERE j.id = held.id AND held.fate <> 'retrying'
), cancelled AS (
    INSERT INTO graveshift.done (id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority,
                                 queue, kind, state, unique_key, worker, trace_id)
    SELECT id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority, queue, kind,
           'cancelled', unique_key, worker, trace_id
    FROM held WHERE fate = 'cancelled'
), died AS (
    INSERT INTO graveshift.dead (id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue,
                                 kind, fingerprint, error_type, unique_key, worker, worker_version, trace_id)
    SELECT id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
           error_fingerprint, error_type, unique_key, worker, failed_version, trace_id
    FROM held WHERE fate = 'dead'
), worded AS (
    INSERT INTO graveshift.dead_text (died_at, id, error_message, traceback, payload, search)
    SELECT now(), id, error_message, traceback, p.payload, graveshift.words(error_type, error_message)
    FROM held LEFT JOIN graveshift.payloads p USING (id) WHERE fate = 'dead'
), recorded AS (
    INSERT INTO graveshift.attempts (job_id, attempt, started_at, final, again, queue, kind, fingerprint, error_type,
                                     error_message, worker, worker_version, first_of, split)
    SELECT id, attempt, started_at, fate = 'dead', requeue_count > 0, queue, kind, error_fingerprint, error_type,
           left(error_message, CAST(:recorded AS integer)), worker, failed_version,
           CASE WHEN fingerprint IS NULL THEN run_id END, split
    FROM held WHERE fate <> 'cancelled'
)
SELECT id, attempt FROM held
""")


async def end(held: Held, tickets: Sequence[Ticket], worker: str, state: str) -> list[Ticket]:
    """`state` is `done` or `cancelled`; returns the stale tickets."""
    named = {**fence(tickets), "worker": storable(worker), "state": state}
    return stale(tickets, await held.rows(END, named))


async def fail(held: Held, failures: Sequence[Failure]) -> list[Ticket]:
    """Retry, die or become cancelled; returns the stale tickets."""
    tickets = [failure.ticket for failure in failures]
    named = {**fence(tickets), **_columns(failures), "recorded": RECORDED}
    return stale(tickets, await held.rows(FAIL, named))


def _columns(failures: Sequence[Failure]) -> dict[str, Any]:
    return {
        "retries": [failure.retry_in_s for failure in failures],
        "fingerprints": [storable(failure.fingerprint) for failure in failures],
        "types": [storable(failure.error_type) for failure in failures],
        "messages": [storable(failure.error_message) for failure in failures],
        "tracebacks": [storable(failure.traceback) for failure in failures],
        "workers": [storable(failure.worker) for failure in failures],
        "splits": [None if failure.split is None else storable(failure.split) for failure in failures],
        "versions": [storable(failure.worker_version) for failure in failures],
    }
