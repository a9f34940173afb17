"""Put jobs in: one statement for any number of them, and a look at who holds a key that was taken."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.driver import Unit
from graveshift.drivers.postgres.connection import Held
from graveshift.drivers.postgres.text import payload_text
from graveshift.errors import QueueDraining
from graveshift.wire.jobs import NewJob

# Where one of the queues takes no new jobs, none of the jobs goes in: outside a transaction, too.
# Keys are inserted in one order everywhere, so that two producers of the same keys never wait for each other in a ring.
ENQUEUE = text("""
WITH sent AS MATERIALIZED (
    SELECT nextval('graveshift.job_id') AS id, s.*,
           queue IN (SELECT name FROM graveshift.queues WHERE draining_at IS NOT NULL) AS refused FROM (
        SELECT * FROM unnest(CAST(:queues AS text[]), CAST(:kinds AS text[]), CAST(:payloads AS text[]),
                             CAST(:priorities AS integer[]), CAST(:run_ats AS timestamptz[]),
                             CAST(:limits AS integer[]), CAST(:keys AS text[]), CAST(:traces AS text[]))
            WITH ORDINALITY AS u (queue, kind, payload, priority, run_at, max_attempts, unique_key, trace_id, place)
        ORDER BY place
    ) s
), fresh AS (
    INSERT INTO graveshift.jobs (id, queue, kind, state, priority, run_at, max_attempts, budget, unique_key, trace_id)
    SELECT id, queue, kind, CASE WHEN run_at > now() THEN 'scheduled' ELSE 'waiting' END, priority,
           greatest(coalesce(run_at, now()), now()), max_attempts, max_attempts, unique_key, trace_id
    FROM sent WHERE NOT EXISTS (SELECT FROM sent WHERE refused) ORDER BY queue, unique_key NULLS FIRST, place
    ON CONFLICT (queue, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
    RETURNING id
), kept AS (
    INSERT INTO graveshift.payloads (id, payload) SELECT id, CAST(payload AS json) FROM sent JOIN fresh USING (id)
)
SELECT sent.place - 1 AS place, fresh.id, sent.refused FROM sent LEFT JOIN fresh USING (id) ORDER BY sent.place
""")

# The same for jobs without keys: nobody else's can be in the way. Ids are in the order of the jobs.
ENQUEUE_KEYLESS = text("""
WITH refused AS MATERIALIZED (
    SELECT name FROM graveshift.queues WHERE draining_at IS NOT NULL AND name = ANY(CAST(:queues AS text[])) LIMIT 1
), sent AS MATERIALIZED (
    SELECT nextval('graveshift.job_id') AS id, s.* FROM (
        SELECT * FROM unnest(CAST(:queues AS text[]), CAST(:kinds AS text[]), CAST(:payloads AS text[]),
                             CAST(:priorities AS integer[]), CAST(:run_ats AS timestamptz[]),
                             CAST(:limits AS integer[]), CAST(:traces AS text[]))
            WITH ORDINALITY AS u (queue, kind, payload, priority, run_at, max_attempts, trace_id, place)
        WHERE NOT EXISTS (SELECT FROM refused) ORDER BY place
    ) s
), fresh AS (
    INSERT INTO graveshift.jobs (id, queue, kind, state, priority, run_at, max_attempts, budget, trace_id)
    SELECT id, queue, kind, CASE WHEN run_at > now() THEN 'scheduled' ELSE 'waiting' END, priority,
           greatest(coalesce(run_at, now()), now()), max_attempts, max_attempts, trace_id
    FROM sent
), kept AS (
    INSERT INTO graveshift.payloads (id, payload) SELECT id, CAST(payload AS json) FROM sent
)
SELECT id, NULL AS refused FROM sent UNION ALL SELECT NULL, name FROM refused
""")

HOLDERS = text("""
SELECT u.place - 1 AS place, j.id, false AS refused
FROM unnest(CAST(:queues AS text[]), CAST(:keys AS text[])) WITH ORDINALITY AS u (queue, unique_key, place)
JOIN graveshift.jobs j USING (queue, unique_key)
""")

# Longer than a lock is waited for; a statement of a thousand jobs takes some hundredths of a second.
ANSWER_S, ANSWER_JOB_S = 6.0, 0.001


async def enqueue(connection: AsyncConnection | Unit, jobs: Sequence[NewJob]) -> list[int]:
    """Ids in the order given. Again and again for keys whose holder ended between the two statements.

    Raises QueueDraining where one of the queues takes no new jobs: the caller's transaction then brings none.
    """
    ids: dict[int, int] = {}
    missing = list(range(len(jobs)))
    while missing:
        tried = [jobs[place] for place in missing]
        for statement, columns in ((ENQUEUE, _columns(tried)), (HOLDERS, _keys(tried))):
            found = (await connection.execute(statement, columns)).all()
            _check_open(found, tried)
            ids |= {missing[row.place]: row.id for row in found if row.id is not None and missing[row.place] not in ids}
            if all(place in ids for place in missing):
                break
        missing = [place for place in missing if place not in ids]
    return [ids[place] for place in range(len(jobs))]


async def enqueue_keyless(held: Held, jobs: Sequence[NewJob]) -> list[int]:
    """The same for jobs without unique keys, which are all in after one statement, or none.

    Nobody else's key is waited for, so an answer that is late is one that does not come.
    """
    found = await held.rows(ENQUEUE_KEYLESS, _columns(jobs), within_s=ANSWER_S + ANSWER_JOB_S * len(jobs))
    if (refused := next((row.refused for row in found if row.id is None), None)) is not None:
        raise QueueDraining(refused)
    return sorted(row.id for row in found)


def _check_open(found: Sequence[Any], jobs: Sequence[NewJob]) -> None:
    if refused := next((jobs[row.place].queue for row in found if row.refused), None):
        raise QueueDraining(refused)


def _columns(jobs: Sequence[NewJob]) -> dict[str, Any]:
    return {
        **_keys(jobs),
        "kinds": [job.kind for job in jobs],
        "payloads": [payload_text(job.payload) for job in jobs],
        "priorities": [job.priority for job in jobs],
        "run_ats": [job.run_at for job in jobs],
        "limits": [job.max_attempts for job in jobs],
        "traces": [job.trace_id for job in jobs],
    }


def _keys(jobs: Sequence[NewJob]) -> dict[str, Any]:
    return {"queues": [job.queue for job in jobs], "keys": [job.unique_key for job in jobs]}
