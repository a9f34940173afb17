"""What procrastinate's tables say: queues, workers, failed jobs and what happened to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Raw
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.fingerprint import fingerprint
from graveshift.store.position import letter_id
from graveshift.wire import ids
from graveshift.wire.dlq import Attempt, Letter, LetterDetail
from graveshift.wire.queues import Queue
from graveshift.wire.workers import Worker, WorkerState

# Procrastinate keeps no errors, so its letters are grouped by task alone.
ERROR_TYPE = "unknown"
ERROR_MESSAGE = "procrastinate keeps no error; see the worker's log"

# A worker of procrastinate beats every ten seconds, and counts as stalled after this time, unless it is told otherwise.
STALLED_S = 30

QUEUES = text("""
    SELECT queue_name,
           count(*) FILTER (WHERE status = 'todo' AND attempts = 0
                            AND (scheduled_at IS NULL OR scheduled_at <= now())) AS waiting,
           count(*) FILTER (WHERE status = 'todo' AND attempts > 0) AS retrying,
           count(*) FILTER (WHERE status = 'todo' AND attempts = 0 AND scheduled_at > now()) AS scheduled,
           count(*) FILTER (WHERE status = 'doing') AS running,
           count(*) FILTER (WHERE status = 'failed') AS dead
    FROM procrastinate_jobs
    WHERE status IN ('todo', 'doing', 'failed') AND (CAST(:queue AS text) IS NULL OR queue_name = :queue)
    GROUP BY queue_name ORDER BY queue_name
""")

WORKERS = text("""
    SELECT w.id, EXTRACT(epoch FROM now() - w.last_heartbeat) AS heartbeat_age_s,
           (SELECT count(*) FROM procrastinate_jobs j WHERE j.worker_id = w.id AND j.status = 'doing') AS running
    FROM procrastinate_workers w ORDER BY w.id
""")

# A failed job is a letter; it died at its last 'failed' event, which its own recall does not touch.
LETTER = """
    SELECT j.id, j.queue_name, j.task_name, j.attempts, j.args::text AS args, e.id AS event, e.at AS died_at,
           (SELECT min(at) FROM procrastinate_events f WHERE f.job_id = j.id AND f.type = 'deferred') AS enqueued_at,
           (SELECT count(*) FROM procrastinate_events r WHERE r.job_id = j.id AND r.type = 'retried') AS requeue_count
    FROM procrastinate_jobs j, LATERAL (
        SELECT id, at FROM procrastinate_events WHERE job_id = j.id AND type = 'failed' ORDER BY id DESC LIMIT 1
    ) e
    WHERE j.status = 'failed'
"""

SINCE = text(
    LETTER
    + """
      AND j.id IN (
          SELECT job_id FROM procrastinate_events WHERE id > :mark AND type = 'failed' ORDER BY id LIMIT :limit
      )
    ORDER BY e.id
"""
)

ONE = text(LETTER + " AND j.id = :job")

# What left the dead letters since the mark, under the id it had as a letter.
LEFT = text("""
    SELECT j.id, (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'failed') AS died_at
    FROM procrastinate_jobs j
    WHERE j.status <> 'failed'
      AND j.id IN (SELECT job_id FROM procrastinate_events WHERE id > :mark AND type = 'retried')
""")

STANDING = text("SELECT id FROM procrastinate_jobs WHERE id = ANY(CAST(:jobs AS bigint[])) AND status = 'failed'")

LAST_EVENT = text("SELECT coalesce(max(id), 0) FROM procrastinate_events")

HISTORY = text("""
    SELECT type::text AS type, at FROM procrastinate_events WHERE job_id = :job
      AND type IN ('started', 'failed', 'deferred_for_retry') ORDER BY id
""")


async def queues(connection: AsyncConnection, system: str, queue: str | None) -> Sequence[Queue]:
    """Every queue, or the one named; what procrastinate does not know is None."""
    rows = await connection.execute(QUEUES, {"queue": queue})
    return [
        Queue(
            id=ids.encode(system, row.queue_name),
            system=system,
            name=row.queue_name,
            waiting=row.waiting,
            retrying=row.retrying,
            scheduled=row.scheduled,
            running=row.running,
            dead=row.dead,
        )
        for row in rows
    ]


async def workers(connection: AsyncConnection, system: str) -> Sequence[Worker]:
    """Workers by number; procrastinate does not say where they run, nor what they do while their hearts beat."""
    rows = await connection.execute(WORKERS)
    return [
        Worker(
            id=ids.encode(system, str(row.id)),
            running=row.running,
            heartbeat_age_s=float(row.heartbeat_age_s),
            state=WorkerState.SILENT if row.heartbeat_age_s > STALLED_S else None,
        )
        for row in rows
    ]


def letter(system: str, row: Row[Any]) -> Letter:
    """A failed job as a letter."""
    return Letter(
        id=ids.encode(system, letter_id(row.died_at, row.id)),
        job_id=ids.encode(system, str(row.id)),
        system=system,
        queue=row.queue_name,
        kind=row.task_name,
        fingerprint=fingerprint(ERROR_TYPE, "", row.task_name),
        error_type=ERROR_TYPE,
        error_message=ERROR_MESSAGE,
        attempts=row.attempts,
        enqueued_at=row.enqueued_at,
        died_at=row.died_at,
        requeue_count=row.requeue_count,
    )


async def detail(connection: AsyncConnection, system: str, died_at: datetime, job: int) -> LetterDetail | None:
    """The letter with its arguments and attempts; None where the job did not die then, or is no letter any more."""
    row = (await connection.execute(ONE, {"job": job})).one_or_none()
    if row is None or row.died_at != died_at:
        return None
    events = await connection.execute(HISTORY, {"job": job})
    plain = letter(system, row)
    return LetterDetail(
        **{name: getattr(plain, name) for name in plain.__struct_fields__},
        payload=Raw(row.args.encode()),
        history=_attempts([(event.type, event.at) for event in events]),
    )


def _attempts(events: Sequence[tuple[str, datetime]]) -> list[Attempt]:
    """Each start with the failure that ended it."""
    attempts: list[Attempt] = []
    started: datetime | None = None
    for kind, at in events:
        if kind == "started":
            started = at
            continue
        attempts.append(Attempt(len(attempts) + 1, started, at, None, ERROR_TYPE, ERROR_MESSAGE))
        started = None
    return attempts
