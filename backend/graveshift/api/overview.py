"""Everything the first screen needs, in one round trip: problem rows first, cut to what one screen can use."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from msgspec import structs

from graveshift.api.causes import told
from graveshift.api.endpoint import Call
from graveshift.api.following import followed
from graveshift.api.merging import merged
from graveshift.api.ports import Rooms
from graveshift.api.resources import every_queue, every_worker, growth
from graveshift.seen import Pace
from graveshift.store.sharing import on_one_connection
from graveshift.wire.groups import Group
from graveshift.wire.overview import Overview, Totals
from graveshift.wire.page import Page
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Run
from graveshift.wire.selection import Filter
from graveshift.wire.workers import Worker, WorkerState

T = TypeVar("T")
CAUSES, QUEUES, ENDED_RUNS, WORKERS, BACKUPS = 20, 50, 5, 50, 3
LIVE_RUNS, ENDED_AMONG, STOPPED_RUNS = 100, 20, 20
WORST = (WorkerState.SILENT, WorkerState.STOPPING, WorkerState.QUIET)


async def overview(call: Call) -> Overview:
    """Reads from roll-ups or by an index, the causes beside all the others; `as_of` is that of the causes."""
    rooms = call.rooms
    groups, ((queues, paces), (workers, runs, backups, secrets)) = await asyncio.gather(
        _apart(lambda: _causes(rooms)),
        _apart(
            lambda: asyncio.gather(
                asyncio.gather(every_queue(rooms), _paces(rooms)),
                asyncio.gather(
                    every_worker(rooms),
                    _runs(rooms),
                    rooms.backups.page(None, BACKUPS),
                    rooms.vault.secrets(),
                ),
            )
        ),
    )
    return Overview(
        as_of=groups.as_of,
        environment=rooms.environment,
        actor=call.actor.name,
        role=call.actor.role.value,
        totals=totals(queues, groups, paces),
        queues=sorted(queues, key=trouble)[:QUEUES],
        groups=groups.items[:CAUSES],
        runs=runs,
        workers=sorted(workers, key=_worry)[:WORKERS],
        backups=backups.items,
        secrets=list(secrets),
    )


async def _causes(rooms: Rooms) -> Page[Group]:
    readers = {system: _reader(letters.groups) for system, letters in rooms.letters.items()}
    page = await merged(readers, growth, None, CAUSES)
    return structs.replace(page, items=await told(rooms, page.items))


async def _runs(rooms: Rooms) -> list[Run]:
    """Those that are live, the last that ended, and what was stopped lately, with what became of what they moved."""
    live, ended, stopped = await asyncio.gather(
        rooms.runs.live(LIVE_RUNS), rooms.runs.page(None, ENDED_AMONG), rooms.runs.stopped(STOPPED_RUNS)
    )
    last = [run for run in ended.items if not run.state.is_live][:ENDED_RUNS]
    over = {run.id: run for run in (*last, *stopped)}
    return await followed(rooms, live + sorted(over.values(), key=lambda run: int(run.id), reverse=True))


async def _apart(read: Callable[[], Awaitable[T]]) -> T:
    """On a connection of its own. The short reads share one: to take one for each costs more than to wait in line."""
    async with on_one_connection():
        return await read()


def _reader(groups: Callable[[Filter, str | None, int], T]) -> Callable[[str | None, int], T]:
    return lambda cursor, limit: groups(Filter(), cursor, limit)


async def _paces(rooms: Rooms) -> list[Pace]:
    """Of the systems that can say."""
    paces = await asyncio.gather(*(letters.failing() for letters in rooms.letters.values()))
    return [pace for pace in paces if pace is not None]


def totals(queues: Sequence[Queue], groups: Page[Group], paces: Sequence[Pace]) -> Totals:
    """Sums over what can say. Failures are those of every cause, also of those beyond the ones shown."""
    return Totals(
        waiting=_sum(queue.waiting for queue in queues),
        retrying=_sum(queue.retrying for queue in queues),
        scheduled=_sum(queue.scheduled for queue in queues),
        running=_sum(queue.running for queue in queues),
        dead=_sum(queue.dead for queue in queues),
        groups=groups.total if groups.total is not None else len(groups.items),
        in_per_s=round(sum(queue.in_per_s or 0.0 for queue in queues), 3),
        out_per_s=round(sum(queue.out_per_s or 0.0 for queue in queues), 3),
        dead_per_min=round(sum(queue.dead_per_min or 0.0 for queue in queues), 3),
        failing_per_min=round(sum(pace.per_min for pace in paces), 3),
        trend=_added([pace.trend for pace in paces]),
        in_trend=_added([pace.came for pace in paces]),
        minute=max((pace.minute for pace in paces if pace.minute is not None), default=None),
    )


def trouble(queue: Queue) -> tuple[float, ...]:
    """Sort key, worst first: dying now, paused with work or draining or with held jobs, oldest waiting, most dead."""
    held = bool(queue.paused and queue.waiting) or bool(queue.draining) or bool(queue.held)
    return -(queue.dead_per_min or 0.0), -float(held), -(queue.oldest_age_s or 0.0), -(queue.dead or 0)


def _worry(worker: Worker) -> tuple[int, float]:
    rank = WORST.index(worker.state) if worker.state in WORST else len(WORST)
    return rank, -(worker.heartbeat_age_s or 0.0)


def _sum(numbers: Iterable[int | None]) -> int:
    return sum(number or 0 for number in numbers)


def _added(trends: Sequence[Sequence[int]]) -> list[int]:
    """Minute by minute, aligned at their ends."""
    longest = max((len(trend) for trend in trends), default=0)
    padded = [[0] * (longest - len(trend)) + list(trend) for trend in trends]
    return [sum(minute) for minute in zip(*padded, strict=True)]
