"""The resources: a line for each, and how each is read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import unquote

from msgspec import Struct, structs

from graveshift import runbooks
from graveshift.api.causes import explained, told
from graveshift.api.following import followed
from graveshift.api.linking import linked
from graveshift.api.lives import placed
from graveshift.api.merging import merged, sliced
from graveshift.api.ports import Rooms
from graveshift.driver import ShownSource
from graveshift.errors import Invalid, NotFound
from graveshift.matching import fits
from graveshift.store.position import job_number
from graveshift.store.sharing import on_one_connection
from graveshift.wire import ids
from graveshift.wire.audit import AuditEntry
from graveshift.wire.backups import Backup
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.filters import SavedFilter
from graveshift.wire.groups import Group, GroupDetail
from graveshift.wire.jobs import Job, JobDetail, JobState
from graveshift.wire.marks import Mark
from graveshift.wire.page import Page, Sort
from graveshift.wire.queues import Queue
from graveshift.wire.runbooks import Runbook
from graveshift.wire.runs import Run
from graveshift.wire.schedules import ScheduleInfo
from graveshift.wire.secrets import SecretInfo
from graveshift.wire.selection import (
    GROUP_FIELDS,
    JOB_FIELDS,
    LETTER_FIELDS,
    QUEUE_FIELDS,
    TRASH_FIELDS,
    WORKER_FIELDS,
    Filter,
    parameters,
    strange_state,
)
from graveshift.wire.trash import Discarded, DiscardedDetail
from graveshift.wire.workers import Worker, WorkerState

PRESENT = (WorkerState.RUNNING, WorkerState.QUIET, WorkerState.STOPPING, WorkerState.SILENT)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Reading = Callable[..., Awaitable[Page[Any]]]
One = Callable[[Rooms, str], Awaitable[Any]]


class Resource(Struct, frozen=True):
    """`says` are the conditions of Filter that its text may name; `one` gives None where there is no such thing.

    `page` takes rooms, filter, cursor and limit, and where the resource `sorts` also `sort`.
    """

    name: str
    item: type[Struct]
    detail: type[Struct]
    says: frozenset[str]
    page: Reading
    one: One
    sorts: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Those of them that a page takes as parameters, in the order of Filter."""
        return parameters(self.says)


async def _queues(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Queue]:
    found, as_of = await asyncio.gather(every_queue(rooms, chosen.system), rooms.shown_at())
    named = [queue for queue in found if _shows(chosen, queue=(queue.name,), system=(queue.system,))]
    return sliced(named, lambda queue: queue.id, cursor, limit, as_of)


async def _workers(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Worker]:
    _check_state(chosen, WorkerState)
    found, as_of = await asyncio.gather(every_worker(rooms, chosen.system), rooms.shown_at())
    fit = [w for w in found if _shows(chosen, state=(w.state,), queue=w.queues or None, system=(split(w.id)[0],))]
    return sliced(fit, presence, cursor, limit, as_of)


async def _letters(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int, sort: Sort) -> Page[Letter]:
    readers = {s: partial(one.page, chosen, sort=sort) for s, one in _of(rooms.letters, chosen.system).items()}
    return await _merged(rooms, readers, lambda letter: letter.died_at, cursor, limit, sort)


async def _trash(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Discarded]:
    readers = {s: partial(one.page, chosen) for s, one in _of(rooms.trash, chosen.system).items()}
    return await _merged(rooms, readers, lambda letter: letter.discarded_at, cursor, limit)


async def _groups(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
    readers = {s: partial(one.groups, chosen) for s, one in _of(rooms.letters, chosen.system).items()}
    async with on_one_connection():
        page = await _merged(rooms, readers, growth, cursor, limit)
        return structs.replace(page, items=await told(rooms, page.items))


async def _jobs(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int, sort: Sort) -> Page[Job]:
    _check_state(chosen, JobState)
    readers = {s: partial(one.page, chosen, sort=sort) for s, one in _of(rooms.jobs, chosen.system).items()}
    return await _merged(rooms, readers, lambda job: job.enqueued_at or LONG_AGO, cursor, limit, sort)


async def _secrets(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[SecretInfo]:
    found, as_of = await asyncio.gather(rooms.vault.secrets(), rooms.now())
    return sliced(found, lambda secret: secret.id, cursor, limit, as_of)


async def _schedules(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[ScheduleInfo]:
    found, as_of = await asyncio.gather(rooms.schedules(), rooms.now())
    return sliced(found, lambda schedule: schedule.id, cursor, limit, as_of)


async def _runs(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Run]:
    page = await rooms.runs.page(cursor, limit)
    return structs.replace(page, items=await followed(rooms, page.items))


async def _run(rooms: Rooms, id: str) -> Run | None:
    run = await rooms.runs.one(number(id))
    return run and (await followed(rooms, [run]))[0]


async def _backups(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Backup]:
    return await rooms.backups.page(cursor, limit)


async def _filters(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[SavedFilter]:
    found, as_of = await asyncio.gather(rooms.interpreter.filters.all(), rooms.now())
    return sliced(found, lambda one: one.id, cursor, limit, as_of)


async def _audit(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[AuditEntry]:
    return await rooms.audit.page(cursor, limit)


async def _marks(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Mark]:
    return await rooms.marks.page(cursor, limit)


async def _queue(rooms: Rooms, id: str) -> Queue | None:
    system, native = split(id)
    source = rooms.sources.get(system)
    return await source.queue(native) if source else None


async def _worker(rooms: Rooms, id: str) -> Worker | None:
    return next((w for w in await every_worker(rooms, split(id)[0]) if w.id == id), None)


async def _letter(rooms: Rooms, id: str) -> LetterDetail | None:
    system, native = split(id)
    letters = rooms.letters.get(system)
    async with on_one_connection():
        found = await letters.one(native) if letters else None
        return linked(rooms, await placed(rooms, found)) if found else None


async def _discarded(rooms: Rooms, id: str) -> DiscardedDetail | None:
    system, native = split(id)
    trash = rooms.trash.get(system)
    found = await trash.one(native) if trash else None
    return linked(rooms, found) if found else None


async def _group(rooms: Rooms, id: str) -> GroupDetail | None:
    return await explained(rooms, *split(id))


async def _runbooks(rooms: Rooms, chosen: Filter, cursor: str | None, limit: int) -> Page[Runbook]:
    return sliced(runbooks.every(), lambda page: page.id, cursor, limit, await rooms.now())


async def _runbook(rooms: Rooms, id: str) -> Runbook | None:
    return runbooks.page(unquote(id))


async def _job(rooms: Rooms, id: str) -> JobDetail | None:
    system, native = split(id)
    jobs = rooms.jobs.get(system)
    job = await jobs.one(native) if jobs else None
    if job is not None and job.state is JobState.HELD:
        by, at = await rooms.runs.items.last("job.hold", job.id) or (None, None)
        job = structs.replace(job, held_by=by, held_at=at)
    return linked(rooms, job) if job else None


async def _secret(rooms: Rooms, id: str) -> SecretInfo | None:
    name = unquote(id)
    return None if "\x00" in name else await rooms.vault.one(name)


async def _saved(rooms: Rooms, id: str) -> SavedFilter | None:
    name = unquote(id)
    return None if "\x00" in name else await rooms.interpreter.filters.one(name)


async def _schedule(rooms: Rooms, id: str) -> ScheduleInfo | None:
    return next((one for one in await rooms.schedules() if one.id == unquote(id)), None)


def _shows(chosen: Filter, **has: Sequence[str | None] | None) -> bool:
    """True where each condition holds for one of the values of that name; None has every value."""
    own = all(
        values is None or getattr(chosen, name) is None or any(fits(value, getattr(chosen, name)) for value in values)
        for name, values in has.items()
    )
    return own and not any(_shows(excluded, **has) for excluded in chosen.without)


def _check_state(chosen: Filter, states: type[StrEnum]) -> None:
    if said := strange_state(chosen, states):
        raise Invalid(said)


def growth(group: Group) -> tuple[float, int]:
    """The fastest growing first, then the largest."""
    return group.per_min or 0.0, group.dead + (group.retrying or 0)


def presence(worker: Worker) -> str:
    """Sort key: who claims, then who does not or is about to end, the silent last; by id among those."""
    return f"{PRESENT.index(worker.state or WorkerState.RUNNING)} {worker.id}"


def split(id: str) -> tuple[str, str]:
    """System and native id. Raises NotFound where the text is no public id."""
    found = ids.decode(id)
    if found is None or "\x00" in found[1]:
        raise NotFound
    return found


def number(id: str) -> int:
    """A run, plan, backup or audit number. Raises NotFound where the text is none."""
    found = job_number(id)
    if found is None:
        raise NotFound
    return found


async def every_queue(rooms: Rooms, system: str | None = None) -> list[Queue]:
    """Of all systems, or of one."""
    return await _concatenated(_of(rooms.sources, system), lambda source: source.queues())


async def every_worker(rooms: Rooms, system: str | None = None) -> list[Worker]:
    """Of all systems, or of one."""
    return await _concatenated(_of(rooms.sources, system), lambda source: source.workers())


async def _concatenated(
    sources: Mapping[str, ShownSource], read: Callable[[ShownSource], Awaitable[Sequence[Any]]]
) -> list[Any]:
    found = await asyncio.gather(*(read(source) for source in sources.values()))
    return [one for each in found for one in each]


async def _merged(rooms: Rooms, readers: Mapping[str, Any], first: Callable[[Any], Any], *asked: Any) -> Page[Any]:
    """`asked` is cursor, limit and, where there is a choice, the order."""
    if not readers:
        return Page([], as_of=await rooms.shown_at(), total=0)
    return await merged(readers, first, *asked)


def _of(ports: Mapping[str, Any], system: str | None) -> dict[str, Any]:
    return {name: port for name, port in ports.items() if system in (None, name)}


NOTHING: frozenset[str] = frozenset()

RESOURCES = (
    Resource("queues", Queue, Queue, QUEUE_FIELDS, _queues, _queue),
    Resource("jobs", Job, JobDetail, JOB_FIELDS, _jobs, _job, sorts=True),
    Resource("dlq", Letter, LetterDetail, LETTER_FIELDS, _letters, _letter, sorts=True),
    Resource("trash", Discarded, DiscardedDetail, TRASH_FIELDS, _trash, _discarded),
    Resource("groups", Group, GroupDetail, GROUP_FIELDS, _groups, _group),
    Resource("workers", Worker, Worker, WORKER_FIELDS, _workers, _worker),
    Resource("runs", Run, Run, NOTHING, _runs, _run),
    Resource("backups", Backup, Backup, NOTHING, _backups, lambda rooms, id: rooms.backups.one(number(id))),
    Resource("secrets", SecretInfo, SecretInfo, NOTHING, _secrets, _secret),
    Resource("schedules", ScheduleInfo, ScheduleInfo, NOTHING, _schedules, _schedule),
    Resource("marks", Mark, Mark, NOTHING, _marks, lambda rooms, id: rooms.marks.one(number(id))),
    Resource("filters", SavedFilter, SavedFilter, NOTHING, _filters, _saved),
    Resource("runbooks", Runbook, Runbook, NOTHING, _runbooks, _runbook),
    Resource("audit", AuditEntry, AuditEntry, NOTHING, _audit, lambda rooms, id: rooms.audit.one(number(id))),
)
