"""Changes to procrastinate's jobs: each through its own SQL function, on a row locked in the state we expect."""

from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.wire.runs import Outcome

Ending = tuple[Outcome, str | None]

# When this run said that it would act on a letter; committed before it does.
INTENTS = text("""
    SELECT id, at FROM graveshift_ledger.items
    WHERE run_id = :run AND id = ANY(CAST(:ids AS text[])) AND outcome IS NULL
""")
LOCK = text("""
    SELECT j.status::text AS status,
           (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'failed') AS died_at,
           (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'retried') AS retried_at,
           (SELECT type::text FROM procrastinate_events e WHERE e.job_id = j.id
            AND e.type IN ('retried', 'started') ORDER BY id DESC LIMIT 1) AS latest
    FROM procrastinate_jobs j WHERE j.id = :job FOR UPDATE OF j
""")
RETRY = text("SELECT procrastinate_retry_job_v2(:job, now(), NULL, NULL, NULL)")
UNDO = text("SELECT procrastinate_finish_job_v1(:job, 'failed', false)")

GONE: Ending = (Outcome.GONE, "no longer a dead letter")
MOVED: Ending = (Outcome.MOVED, None)


async def retry(connection: AsyncConnection, died_at: datetime, job: int, intended_at: datetime | None) -> Ending:
    """Put one failed job back to work.

    A run that was killed between effect and outcome comes here twice: what was retried after `intended_at` was
    retried by it.
    """
    row = (await connection.execute(LOCK, {"job": job})).one_or_none()
    if row is None or row.died_at != died_at:
        return GONE
    if row.status != "failed":
        return MOVED if intended_at and row.retried_at and row.retried_at >= intended_at else GONE
    return await _call(connection, RETRY, job)


async def recall(connection: AsyncConnection, died_at: datetime, job: int) -> Ending:
    """Make a job failed again that was retried and that no worker has started since."""
    row = (await connection.execute(LOCK, {"job": job})).one_or_none()
    if row is None or row.died_at != died_at:
        return (Outcome.GONE, "it has died again or is gone")
    if row.status == "failed":
        return MOVED
    if row.status != "todo" or row.latest != "retried":
        return (Outcome.GONE, "already started")
    return await _call(connection, UNDO, job)


async def _call(connection: AsyncConnection, statement: TextClause, job: int) -> Ending:
    """The function's own refusals are conflicts: a queueing lock that is taken, a state that changed."""
    try:
        async with connection.begin_nested():
            await connection.execute(statement, {"job": job})
    except IntegrityError:
        return (Outcome.CONFLICT, "its queueing lock is held by another job")
    return MOVED
