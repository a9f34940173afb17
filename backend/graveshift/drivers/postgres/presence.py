"""Workers: their registration, their heartbeat, and who is there."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit, Verdict
from graveshift.drivers.postgres.connection import Rows, read, write
from graveshift.drivers.postgres.text import storable
from graveshift.drivers.postgres.tickets import fence, stale
from graveshift.wire.ids import encode
from graveshift.wire.runs import Outcome
from graveshift.wire.workers import Wish, Worker, WorkerState
from graveshift.work import Condition, Pulse, Ticket

# How many of its jobs a worker names.
NAMED = 50
NOBODY = "no such worker is alive"

# What a worker said with its last heartbeat holds for one lease; then it is silent, and its jobs are anybody's.
ALIVE = "w.heartbeat_at > now() - make_interval(secs => w.lease_s)"

REGISTER = text("""
INSERT INTO graveshift.workers (id, host, pid, version, queues, kinds, state)
VALUES (:id, :host, CAST(:pid AS integer), :version, CAST(:queues AS text[]), CAST(:kinds AS text[]), 'running')
ON CONFLICT (id) DO UPDATE SET host = excluded.host, pid = excluded.pid, version = excluded.version,
    queues = excluded.queues, kinds = excluded.kinds, heartbeat_at = now()
""")

DEREGISTER = text("DELETE FROM graveshift.workers WHERE id = :id")

# A claim that another transaction is just changing is left for the next beat; it is not reported lost.
BEAT = text("""
WITH seen AS (
    UPDATE graveshift.workers SET heartbeat_at = now(), state = :state, running = CAST(:running AS integer),
           memory_bytes = CAST(:memory_bytes AS bigint), jobs = CAST(:jobs AS bigint[]),
           lease_s = CAST(:lease_s AS double precision)
    WHERE id = :worker RETURNING id
), mine AS (
    SELECT j.id, j.attempt, j.cancel_requested FROM graveshift.jobs j
    JOIN unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:owners AS uuid[])) AS t (id, attempt, owner)
      ON j.id = t.id AND j.attempt = t.attempt AND j.lease_owner = t.owner
), free AS MATERIALIZED (
    SELECT j.id FROM graveshift.jobs j JOIN mine USING (id)
    WHERE j.attempt = mine.attempt AND j.lease_owner = :worker ORDER BY j.id
    FOR UPDATE OF j SKIP LOCKED
), longer AS (
    UPDATE graveshift.jobs j SET lease_until = now() + make_interval(secs => CAST(:lease_s AS double precision))
    FROM free WHERE j.id = free.id
)
SELECT mine.id, mine.attempt, mine.cancel_requested, EXISTS (SELECT FROM seen) AS known
FROM (SELECT) one LEFT JOIN mine ON true
""")

HEED = text("SELECT wish FROM graveshift.workers WHERE id = :worker")

# Who is told to end cannot be told to go on; an end in a hurry may follow one that takes its time.
STEER = text(f"""
WITH told AS (
    UPDATE graveshift.workers w SET wish = :wish, wished_by = CAST(:actor AS text)
    WHERE id = CAST(:worker AS uuid) AND {ALIVE} AND (w.wish IN ('run', 'quiet', :wish) OR :wish = 'stop') RETURNING id
)
SELECT wish, EXISTS (SELECT FROM told) AS told FROM graveshift.workers w WHERE id = CAST(:worker AS uuid) AND {ALIVE}
""")

WORKERS = text(f"""
SELECT id, host, pid, version, queues, kinds, state, running, started_at, wish, wished_by, memory_bytes, jobs,
       {ALIVE} AS alive,
       CAST(extract(epoch FROM now() - heartbeat_at) AS double precision) AS age
FROM graveshift.workers w ORDER BY started_at DESC, id
""")


class Card(Struct, frozen=True):
    """What a worker said of itself when it registered."""

    host: str
    pid: int
    version: str
    queues: Sequence[str]
    kinds: Sequence[str] | None = None


async def register(engine: AsyncEngine, worker: UUID, card: Card) -> None:
    """Make a worker known, or known again."""
    named = {"host": card.host, "pid": card.pid, "version": card.version, "queues": list(card.queues)}
    kinds = None if card.kinds is None else list(card.kinds)
    await write(engine, REGISTER, {"id": worker, **named, "kinds": kinds})


async def deregister(engine: AsyncEngine, worker: UUID) -> None:
    """Forget a worker that left in order."""
    await write(engine, DEREGISTER, {"id": worker})


async def beat(
    engine: AsyncEngine, worker: UUID, tickets: Sequence[Ticket], lease_s: float, condition: Condition
) -> tuple[Pulse, bool]:
    """The pulse, and whether the worker is still known."""
    jobs = [ticket.id for ticket in tickets[:NAMED]]
    named = {"worker": worker, "lease_s": lease_s, "jobs": jobs, **asdict(condition)}
    rows = await write(engine, BEAT, {**fence(tickets), **named})
    mine = [row for row in rows if row.id is not None]
    return Pulse(stale(tickets, mine), _asked_to_stop(tickets, mine)), bool(rows[0].known)


async def heed(engine: AsyncEngine, worker: UUID) -> Wish:
    """What is wanted of a worker; one that is not known goes on, and is known again with its next beat."""
    rows = await read(engine, HEED, {"worker": worker})
    return Wish(rows[0].wish) if rows else Wish.RUN


async def steer(unit: Unit, system: str, native: str, wish: Wish, actor: str) -> Verdict:
    """The worker hears of it within a second or two."""
    public = encode(system, native)
    try:
        worker = UUID(native)
    except ValueError:
        return Verdict(public, Outcome.GONE, NOBODY)
    rows = (await unit.execute(STEER, {"worker": worker, "wish": wish.value, "actor": storable(actor)})).all()
    if not rows:
        return Verdict(public, Outcome.GONE, NOBODY)
    if not rows[0].told:
        return Verdict(public, Outcome.CONFLICT, f"it was told to {rows[0].wish} already")
    return Verdict(public, Outcome.MOVED, f"told to {wish}")


def _asked_to_stop(tickets: Sequence[Ticket], rows: Rows) -> list[Ticket]:
    asked = {(row.id, row.attempt) for row in rows if row.cancel_requested}
    return [ticket for ticket in tickets if (ticket.id, ticket.attempt) in asked]


async def workers(engine: AsyncEngine, system: str) -> list[Worker]:
    """Every worker that is known, the youngest first."""
    return [_worker(row, system) for row in await read(engine, WORKERS)]


def _worker(row: Row[Any], system: str) -> Worker:
    return Worker(
        id=encode(system, str(row.id)),
        host=row.host,
        pid=row.pid,
        version=row.version,
        queues=list(row.queues),
        running=row.running,
        started_at=row.started_at,
        heartbeat_age_s=row.age,
        state=WorkerState(row.state) if row.alive else WorkerState.SILENT,
        wish=Wish(row.wish),
        wished_by=row.wished_by,
        memory_bytes=row.memory_bytes,
        jobs=[encode(system, str(job)) for job in row.jobs],
        kinds=None if row.kinds is None else list(row.kinds),
    )
