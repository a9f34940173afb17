"""Hand jobs out: claim a batch, mark what is begun, give back what was not."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import text

from graveshift.drivers.postgres.connection import Held
from graveshift.drivers.postgres.text import raw
from graveshift.drivers.postgres.tickets import fence, stale
from graveshift.work import Claimed, Ticket

# How many candidates are looked at per queue: so many times the limit, and some. Others may be taking the first ones
# right now, and the same worker's claim before this one may.
TIMES, SPARE = 3, 32

# Heads of all open queues are merged by order, and locked in that order until there are enough; a limited queue brings
# no more heads than it may hand out, so it keeps nobody behind it waiting. A suspect at the head goes out alone;
# otherwise suspects are passed over until they are at the head. Where none are wanted they are no heads.
#
# Of a queue that is paused only those are heads that go ahead; a job that is claimed has its own priority again.
#
# Its commit waits for no disk, so that its locks are gone sooner: `Disk` is waited for before anything of it begins.
CLAIM = text("""
WITH RECURSIVE live AS (
    (SELECT queue FROM graveshift.jobs
     WHERE state NOT IN ('running', 'held') AND cardinality(CAST(:queues AS text[])) = 0
     ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue FROM graveshift.jobs j WHERE j.state NOT IN ('running', 'held') AND j.queue > live.queue
            ORDER BY j.queue LIMIT 1)
    FROM live WHERE live.queue IS NOT NULL
), open AS (
    SELECT name, coalesce(q.paused_at IS NOT NULL AND coalesce(q.paused_until > now(), true), false) AS shut,
           CASE WHEN q.concurrency IS NOT NULL OR q.per_s IS NOT NULL
                      THEN graveshift.allowance(name, CAST(:wide AS integer)) END AS allowance
    FROM (SELECT queue FROM live WHERE queue IS NOT NULL
          UNION SELECT unnest(CAST(:queues AS text[]))) named (name) LEFT JOIN graveshift.queues q USING (name)
), heads AS MATERIALIZED (
    SELECT head.* FROM open, graveshift.heads(
        open.name, CAST(:kinds AS text[]), coalesce(open.allowance, CAST(:wide AS integer)),
        CAST(:suspects AS boolean), open.shut) head
    ORDER BY head.priority DESC, head.run_at, head.id LIMIT CAST(:wide AS integer)
), locked AS MATERIALIZED (
    SELECT j.id, j.priority, j.run_at, j.crashes FROM heads JOIN graveshift.jobs j USING (id)
    WHERE j.state NOT IN ('running', 'held') AND j.run_at <= now()
    ORDER BY heads.priority DESC, heads.run_at, heads.id
    LIMIT CAST(:limit AS integer) FOR UPDATE OF j SKIP LOCKED
), placed AS (
    SELECT id, crashes, row_number() OVER ordered AS place, first_value(crashes) OVER ordered AS first_crashes
    FROM locked WINDOW ordered AS (ORDER BY priority DESC, run_at, id)
), chosen AS MATERIALIZED (
    SELECT id, crashes > 0 AS alone, row_number() OVER (ORDER BY place) AS place FROM placed
    WHERE CASE WHEN first_crashes > 0 THEN place = 1 ELSE crashes = 0 END
)
UPDATE graveshift.jobs j SET state = 'running', attempt = j.attempt + 1, started_at = now(), lease_owner = :worker,
       lease_until = now() + make_interval(secs => CAST(:lease_s AS double precision)),
       priority = graveshift.own_priority(j.priority),
       begun = NOT chosen.alone AND chosen.place <= CAST(:begin AS integer)
FROM chosen LEFT JOIN graveshift.payloads p USING (id)
WHERE j.id = chosen.id AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
RETURNING j.id, j.attempt, j.attempt - j.max_attempts + j.budget AS tried,
          j.queue, j.kind, j.priority, j.max_attempts, j.enqueued_at, j.started_at, j.trace_id,
          j.run_id, chosen.alone, chosen.place, coalesce(CAST(p.payload AS text), 'null') AS payload,
          CASE WHEN j.queue = ANY(ARRAY(SELECT name FROM open WHERE allowance > 0)) THEN graveshift.spend(j.queue) END
""")

BEGIN = text("""
UPDATE graveshift.jobs j SET begun = true, started_at = now()
FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:owners AS uuid[])) AS t (id, attempt, owner)
WHERE j.id = t.id AND j.attempt = t.attempt AND j.lease_owner = t.owner
RETURNING j.id, j.attempt
""")

# A release burns no attempt, and keeps the job's place in its queue; a job asked to stop goes no further.
RELEASE = text("""
WITH held AS MATERIALIZED (
    SELECT j.* FROM graveshift.jobs j
    JOIN unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:owners AS uuid[])) AS t (id, attempt, owner)
      ON j.id = t.id AND j.attempt = t.attempt AND j.lease_owner = t.owner
    ORDER BY j.id FOR UPDATE OF j
), back AS (
    UPDATE graveshift.jobs j SET state = CASE WHEN j.fingerprint IS NULL THEN 'waiting' ELSE 'retrying' END,
           max_attempts = j.max_attempts + 1, lease_owner = NULL, lease_until = NULL, started_at = NULL, begun = false
    FROM held WHERE j.id = held.id AND NOT held.cancel_requested
), ended AS (
    DELETE FROM graveshift.jobs j USING held WHERE j.id = held.id AND held.cancel_requested
), kept AS (
    INSERT INTO graveshift.done (id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority,
                                 queue, kind, state, unique_key, trace_id)
    SELECT id, enqueued_at, started_at, run_id, attempt, max_attempts, requeue_count, priority, queue, kind,
           'cancelled', unique_key, trace_id
    FROM held WHERE cancel_requested
)
SELECT id, attempt FROM held
""")


class Wish(Struct, frozen=True):
    """What a worker asks for; see `graveshift.work.Work.claim`."""

    worker: UUID
    queues: Sequence[str]
    kinds: Sequence[str]
    limit: int
    lease_s: float
    begin: int
    suspects: bool = True


async def claim(held: Held, wish: Wish) -> list[Claimed]:
    """Due jobs, the first in order first."""
    named = {"queues": list(wish.queues), "kinds": list(wish.kinds), "wide": TIMES * wish.limit + SPARE}
    rows = await held.rows(CLAIM, {**asdict(wish), **named})
    return [_claimed(row, wish.worker) for row in sorted(rows, key=itemgetter("place"))]


async def begin(held: Held, tickets: Sequence[Ticket]) -> list[Ticket]:
    """Mark as begun; returns the stale ones."""
    return stale(tickets, await held.rows(BEGIN, fence(tickets)))


async def release(held: Held, tickets: Sequence[Ticket]) -> list[Ticket]:
    """Give back; returns the stale ones."""
    return stale(tickets, await held.rows(RELEASE, fence(tickets)))


def _claimed(row: Sequence[Any], worker: UUID) -> Claimed:
    """By place, as CLAIM returns them: looking fourteen names up takes longer than all the rest."""
    id, attempt, tried, queue, kind, priority, limit, enqueued_at, started_at, trace, run, alone, _, payload, _ = row
    return Claimed(
        ticket=Ticket(id, attempt, worker),
        queue=queue,
        kind=kind,
        payload=raw(payload),
        priority=priority,
        max_attempts=limit,
        tried=tried,
        enqueued_at=enqueued_at,
        started_at=started_at,
        trace_id=trace,
        run_id=run,
        alone=alone,
    )
