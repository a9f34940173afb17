"""Take back the jobs of workers that vanished, and count their crashes."""

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.connection import write
from graveshift.drivers.postgres.moving import BY_ROW
from graveshift.drivers.postgres.touching import RELEASED
from graveshift.fingerprint import fingerprint
from graveshift.store.engine import open_unit

# Jobs that one statement takes back; the next sweep comes soon enough for more.
SWEPT_AT_ONCE = 1_000

# Two causes of our own, one each whatever the job.
CRASHED, POISON = "WorkerCrashed", "poison"
CRASHED_TEXT = "the worker vanished while the job was running"
POISON_TEXT = "the job crashed every worker that ran it alone"

# `FOR UPDATE` checks the predicate again on the newest row, so a heartbeat that came first wins.
SWEEP = text("""
WITH held AS MATERIALIZED (
    SELECT j.*, coalesce((SELECT w.host || ':' || w.pid FROM graveshift.workers w WHERE w.id = j.lease_owner),
                         CAST(j.lease_owner AS text)) AS worker,
           (SELECT w.version FROM graveshift.workers w WHERE w.id = j.lease_owner) AS crashed_version,
           CASE WHEN j.cancel_requested THEN 'cancelled' WHEN NOT j.begun THEN 'released'
                WHEN j.crashes >= CAST(:limit AS integer) THEN 'poison'
                WHEN j.attempt >= j.max_attempts THEN 'dead' ELSE 'retrying' END AS fate
    FROM graveshift.jobs j WHERE j.state = 'running' AND j.lease_until < now()
    ORDER BY j.lease_until LIMIT CAST(:at_once AS integer) FOR UPDATE OF j SKIP LOCKED
), judged AS MATERIALIZED (
    SELECT held.*, CASE WHEN fate = 'poison' THEN :poison ELSE :crashed END AS error_type,
           CASE WHEN fate = 'poison' THEN :poison_text ELSE :crashed_text END AS error_message,
           CASE WHEN fate = 'poison' THEN :poison_print ELSE :crashed_print END AS error_fingerprint
    FROM held
), back AS (
    UPDATE graveshift.jobs j SET lease_owner = NULL, lease_until = NULL, begun = false,
           state = CASE WHEN judged.fate = 'released' AND j.fingerprint IS NULL THEN 'waiting' ELSE 'retrying' END,
           max_attempts = j.max_attempts + CASE WHEN judged.fate = 'released' THEN 1 ELSE 0 END,
           crashes = j.crashes + CASE WHEN judged.fate = 'released' THEN 0 ELSE 1 END,
           run_at = CASE WHEN judged.fate = 'released' THEN j.run_at ELSE now() END,
           fingerprint = CASE WHEN judged.fate = 'released' THEN j.fingerprint ELSE judged.error_fingerprint END,
           worker_version = CASE WHEN judged.fate = 'released' THEN j.worker_version ELSE judged.crashed_version END
    FROM judged WHERE j.id = judged.id AND judged.fate IN ('released', 'retrying')
), ended AS (
    DELETE FROM graveshift.jobs j USING judged WHERE j.id = judged.id AND judged.fate IN ('cancelled', 'poison', 'dead')
), cancelled AS (
    INSERT INTO graveshift.done (id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority,
                                 queue, kind, state, unique_key, worker, trace_id)
    SELECT id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority, queue, kind,
           'cancelled', unique_key, worker, trace_id
    FROM judged WHERE fate = 'cancelled'
), died AS (
    INSERT INTO graveshift.dead (id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue,
                                 kind, fingerprint, error_type, unique_key, worker, worker_version, trace_id)
    SELECT id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
           error_fingerprint, error_type, unique_key, worker, crashed_version, trace_id
    FROM judged WHERE fate IN ('poison', 'dead')
), worded AS (
    INSERT INTO graveshift.dead_text (died_at, id, error_message, payload, search)
    SELECT now(), id, error_message, p.payload, graveshift.words(error_type, error_message)
    FROM judged LEFT JOIN graveshift.payloads p USING (id) WHERE fate IN ('poison', 'dead')
), recorded AS (
    INSERT INTO graveshift.attempts (job_id, attempt, started_at, final, again, queue, kind, fingerprint, error_type,
                                     error_message, worker, worker_version, first_of)
    SELECT id, attempt, started_at, fate <> 'retrying', requeue_count > 0, queue, kind, error_fingerprint, error_type,
           error_message, worker, crashed_version, CASE WHEN fingerprint IS NULL THEN run_id END
    FROM judged WHERE fate IN ('retrying', 'poison', 'dead')
)
SELECT count(*) AS swept FROM judged
""")

# A scheduled job whose time has come is a waiting one; claims take it either way.
PROMOTE = text("""
UPDATE graveshift.jobs SET state = 'waiting' WHERE id = ANY(ARRAY(
    SELECT id FROM graveshift.jobs WHERE state = 'scheduled' AND run_at <= now()
    ORDER BY run_at LIMIT 10000 FOR UPDATE SKIP LOCKED))
""")

# A hold that was given an end is over when that has passed: the job is what it was, and in its place.
END_HOLDS = text(f"""
UPDATE graveshift.jobs SET {RELEASED} WHERE id = ANY(ARRAY(
    SELECT id FROM graveshift.jobs WHERE state = 'held' AND held_until <= now()
    ORDER BY held_until LIMIT 10000 FOR UPDATE SKIP LOCKED))
""")

# A worker that has been silent for five minutes is gone once nothing is in its name; if it wakes up it registers again.
FORGET = text("""
DELETE FROM graveshift.workers w
WHERE w.heartbeat_at < now() - greatest(interval '5 minutes', make_interval(secs => w.lease_s))
  AND NOT EXISTS (SELECT FROM graveshift.jobs j WHERE j.state = 'running' AND j.lease_owner = w.id)
""")

RESUME = text("""
UPDATE graveshift.queues SET paused_at = NULL, paused_until = NULL, paused_by = NULL, paused_reason = NULL
WHERE paused_until <= now()
""")


async def sweep(engine: AsyncEngine, crash_limit: int, at_once: int = SWEPT_AT_ONCE) -> int:
    """How many jobs were taken back."""
    words = {
        "poison": POISON,
        "crashed": CRASHED,
        "poison_text": POISON_TEXT,
        "crashed_text": CRASHED_TEXT,
        "poison_print": fingerprint(POISON, POISON_TEXT),
        "crashed_print": fingerprint(CRASHED, CRASHED_TEXT),
    }
    named = {"limit": crash_limit, "at_once": at_once}
    swept = await write(engine, SWEEP, {**words, **named})
    for due in (PROMOTE, END_HOLDS):
        await _by_row(engine, due)
    for tidy in (FORGET, RESUME):
        await write(engine, tidy)
    return int(swept[0].swept)


async def _by_row(engine: AsyncEngine, statement: TextClause) -> None:
    """A plan that was made while the queue was all but empty, and kept, would read all of a million jobs."""
    async with open_unit(engine) as unit:
        await unit.execute(BY_ROW)
        await unit.execute(statement)
        await unit.commit()
