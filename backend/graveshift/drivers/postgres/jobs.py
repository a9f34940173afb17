"""Jobs live and ended, as one list by id; see `graveshift.driver.Jobs`."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, cast, literal_column, null, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.expression import ColumnElement, Select

from graveshift.driver import Count, Frozen
from graveshift.drivers.postgres import counting, payloads
from graveshift.drivers.postgres.chosen import jobs_where, visible
from graveshift.drivers.postgres.connection import opened
from graveshift.drivers.postgres.editing import edits
from graveshift.drivers.postgres.reading import freeze, now
from graveshift.drivers.postgres.tables import dead, done, jobs
from graveshift.drivers.postgres.text import raw
from graveshift.errors import Invalid
from graveshift.store.position import cursor as encoded
from graveshift.store.position import job_number, numbers_of
from graveshift.touch import Held
from graveshift.trial import own
from graveshift.veil import Veil
from graveshift.wire.edits import Edit
from graveshift.wire.ids import encode
from graveshift.wire.jobs import Job, JobDetail, JobState
from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter

LIVE = ("waiting", "scheduled", "retrying", "running", "held")
ENDED = ("done", "cancelled")

DETAIL = text("""
SELECT id, queue, kind, state, priority, attempt, max_attempts, run_at, enqueued_at, started_at, unique_key, trace_id,
       run_id, requeue_count, cancel_requested, CAST(NULL AS timestamptz) AS finished_at, held_until, held_reason,
       (SELECT w.host || ':' || w.pid FROM graveshift.workers w WHERE w.id = lease_owner) AS worker
FROM graveshift.jobs WHERE id = :id
UNION ALL
SELECT id, queue, kind, state, priority, attempt, max_attempts, NULL, enqueued_at, started_at, unique_key, trace_id,
       run_id, requeue_count, false, finished_at, NULL, NULL, worker
FROM graveshift.done WHERE id = :id
UNION ALL
SELECT id, queue, kind, 'dead', priority, attempt, max_attempts, NULL, enqueued_at, NULL, unique_key, trace_id,
       run_id, requeue_count, false, died_at, NULL, NULL, worker
FROM graveshift.dead WHERE id = :id
""")

HOLDS = text("""
SELECT count(*) AS n, held_until, held_reason FROM graveshift.jobs
WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'held'
GROUP BY held_until, held_reason ORDER BY n DESC, held_until NULLS FIRST, held_reason
""")

PAYLOAD = text("SELECT CAST(payload AS text) FROM graveshift.payloads WHERE id = :id")

WORKER: ColumnElement[str] = literal_column(
    "(SELECT w.host || ':' || w.pid FROM graveshift.workers w WHERE w.id = lease_owner)"
)


class PostgresJobs:
    """Pages newest first or oldest first, picks oldest first, all by id."""

    def __init__(self, engine: AsyncEngine, system: str, veil: Veil | None = None) -> None:
        self.system = system
        self._engine = engine
        self._veil = veil

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Job]:
        """`total` is None unless the filter is for live jobs: nobody counts those that ended.

        Where payloads have to be looked into, a page may be short and yet not the last.
        """
        (after,) = (None,) if cursor is None else numbers_of(cursor, 1)
        listing = _Listing(self._wish(chosen), self.system, sort is Sort.NEWEST)
        async with opened(self._engine) as connection:
            rows, stopped = await _listed(connection, listing, after, limit + 1)
            live = chosen.state in LIVE
            count = await counting.count_jobs(connection, self._wish(chosen), self.system) if live else None
            as_of = await now(connection)
        last = rows[limit - 1].id if len(rows) > limit else stopped
        following = None if last is None else encoded(last)
        found = [Job(**_fields(row, self.system)) for row in rows[:limit]]
        return Page(found, as_of, following, None if count is None else count.n, count is None or count.exact)

    async def one(self, native: str) -> JobDetail | None:
        number = job_number(native)
        if number is None:
            return None
        async with opened(self._engine) as connection:
            row = (await connection.execute(DETAIL, {"id": number})).first()
            payload = await connection.scalar(PAYLOAD, {"id": number})
            edited = await edits(connection, number)
        return None if row is None else _detail(row, payload, edited, self.system)

    async def freeze(self) -> Frozen:
        async with opened(self._engine) as connection:
            return await freeze(connection)

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count:
        async with opened(self._engine) as connection:
            return await counting.count_jobs(connection, self._wish(chosen), self.system, frozen)

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        async with opened(self._engine) as connection:
            return await counting.jobs_since(connection, self._wish(chosen), self.system, frozen)

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        """Native ids of live jobs; an `after` that is no native id raises Invalid."""
        last = 0 if after is None else job_number(after)
        if last is None:
            raise Invalid("this is no job to go on after")
        conditions = [*jobs_where(jobs, chosen, self.system), visible(jobs, frozen), jobs.c.id > last]
        picked = select(jobs.c.id).where(*conditions).order_by(jobs.c.id)
        async with opened(self._engine) as connection:
            if not payloads.looks(chosen):
                return [str(row.id) for row in (await connection.execute(picked.limit(limit))).all()]
            way = payloads.Way(picked, _beyond, self._wish(chosen), limit, None)
            rows, _ = await payloads.walk(connection, way)
        return [str(row.id) for row in rows]

    def _wish(self, chosen: Filter) -> payloads.Wish:
        return payloads.Wish(chosen, self._veil)

    async def holds(self, jobs: Sequence[str]) -> Sequence[Held]:
        """What is no native id is not held."""
        ids = [number for number in map(job_number, jobs) if number is not None]
        async with opened(self._engine) as connection:
            rows = (await connection.execute(HOLDS, {"ids": ids})).all()
        return [Held(row.n, row.held_until, row.held_reason) for row in rows]


def _beyond(picked: Select[Any], id: int) -> Select[Any]:
    return picked.where(jobs.c.id > id)


class _Listing(Struct, frozen=True):
    wish: payloads.Wish
    system: str
    newest_first: bool

    @property
    def chosen(self) -> Filter:
        """What is wanted of the jobs' own rows."""
        return self.wish.chosen

    def order(self, id: ColumnElement[int]) -> ColumnElement[int]:
        """By id, either way."""
        return id.desc() if self.newest_first else id.asc()


async def _listed(
    connection: AsyncConnection, listing: _Listing, after: int | None, limit: int
) -> tuple[Sequence[Row[Any]], int | None]:
    """Rows, and the id where looking into payloads stopped short of the end; None where it did not."""
    looks = payloads.looks(listing.chosen)
    listed = _union(listing, after, payloads.WINDOW if looks else limit)
    if listed is None:
        return [], None
    if not looks:
        return (await connection.execute(listed.limit(limit))).all(), None

    def beyond(_: Select[Any], id: int) -> Select[Any]:
        further = _union(listing, id, payloads.WINDOW)
        return listed if further is None else further

    return await payloads.walk(connection, payloads.Way(listed, beyond, listing.wish, limit, payloads.WINDOWS))


def _union(listing: _Listing, after: int | None, limit: int) -> Select[Any] | None:
    """Live and ended jobs of any of the tables, in order; None where no table can have one."""
    state = listing.chosen.state
    branches = [
        _branch(table, listing, after).order_by(listing.order(table.c.id)).limit(limit).subquery().select()
        for table, states in ((jobs, LIVE), (done, ENDED), (dead, ("dead",)))
        if state is None or state in states
    ]
    if not branches:
        return None
    every = union_all(*branches).subquery()
    return select(every).order_by(listing.order(every.c.id))


def _branch(table: Any, listing: _Listing, after: int | None) -> Select[Any]:
    common = [table.c[name] for name in ("id", "queue", "kind", "priority", "attempt", "max_attempts", "enqueued_at")]
    own: list[ColumnElement[Any]] = [
        table.c.state if "state" in table.c else literal_column("'dead'").label("state"),
        table.c.run_at if "run_at" in table.c else cast(null(), jobs.c.run_at.type).label("run_at"),
        table.c.started_at if "started_at" in table.c else cast(null(), jobs.c.started_at.type).label("started_at"),
        table.c.held_until if "held_until" in table.c else cast(null(), jobs.c.held_until.type).label("held_until"),
        WORKER.label("worker") if table is jobs else table.c.worker,
    ]
    conditions = jobs_where(table, listing.chosen, listing.system)
    if after is not None:
        conditions.append(table.c.id < after if listing.newest_first else table.c.id > after)
    return select(*common, *own, table.c.unique_key).where(*conditions)


def _fields(row: Row[Any], system: str) -> dict[str, Any]:
    return {
        "id": encode(system, str(row.id)),
        "system": system,
        "queue": row.queue,
        "kind": row.kind,
        "state": JobState(row.state),
        "priority": own(row.priority),
        "attempt": row.attempt,
        "max_attempts": row.max_attempts,
        "run_at": row.run_at,
        "enqueued_at": row.enqueued_at,
        "started_at": row.started_at,
        "worker": row.worker,
        "unique_key": row.unique_key,
        "held_until": row.held_until,
    }


def _detail(row: Row[Any], payload: str | None, edited: list[Edit], system: str) -> JobDetail:
    return JobDetail(
        **_fields(row, system),
        payload=raw(payload or "null"),
        finished_at=row.finished_at,
        trace_id=row.trace_id,
        run_id=None if row.run_id is None else str(row.run_id),
        requeue_count=row.requeue_count,
        cancel_requested=row.cancel_requested,
        held_reason=row.held_reason,
        edits=edited,
    )
