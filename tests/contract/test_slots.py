"""How far schedules have come: what every kind of native queue remembers of its timetable, and what it fires."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from msgspec import Struct
from sqlalchemy import text

from graveshift.driver import Jobs, Source, Unit
from graveshift.drivers.memory import MemoryQueue
from graveshift.drivers.postgres import PostgresQueue
from graveshift.errors import QueueDraining
from graveshift.schedule import Missed, Schedule
from graveshift.store.engine import create_engine, open_unit
from graveshift.timetable import Timetable, Transaction
from graveshift.wire.jobs import JobDetail, NewJob
from graveshift.wire.selection import Filter
from graveshift.work import Slots
from tests.contract.bench import MemoryUnits

JOB = NewJob(queue="q", kind="tick")
LATER = ("UPDATE graveshift.schedules SET slot = slot - make_interval(secs => :s)",
         "UPDATE graveshift.schedule_pauses SET until = until - make_interval(secs => :s)")  # fmt: skip


class Desk(Struct, frozen=True):
    """A kind under test; `later` lets so many seconds pass."""

    slots: Slots
    jobs: Jobs
    source: Source
    unit: Callable[[], AbstractAsyncContextManager[Transaction]]
    later: Callable[[float], Awaitable[None]]

    async def in_one(self, act: Callable[[Unit], Awaitable[Any]]) -> Any:
        async with self.unit() as unit:
            found = await act(unit)
            await unit.commit()
        return found

    async def made(self) -> list[JobDetail]:
        """Every job, oldest first."""
        found = (await self.jobs.page(Filter(), None, 100)).items
        each = [await self.jobs.one(job.id.rpartition(":")[2]) for job in reversed(found)]
        return [job for job in each if job is not None]


class Kept(MemoryUnits):
    """A transaction in memory has nothing to commit."""

    async def commit(self) -> None: ...

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        yield self


@pytest.fixture
async def desk(place: str | None) -> AsyncIterator[Desk]:
    if place is None:
        units = Kept()
        memory = MemoryQueue("here", units.now)
        yield Desk(memory.slots, memory.jobs, memory.source, units.begin, units.hush)
        return
    engine = create_engine(place)
    queue = PostgresQueue(engine, "here")

    async def later(seconds: float) -> None:
        async with engine.begin() as connection:
            for statement in LATER:
                await connection.execute(text(statement), {"s": seconds})

    yield Desk(queue.slots, queue.jobs, queue.source, partial(open_unit, engine), later)
    await queue.close()
    await engine.dispose()


async def leads(unit: Unit) -> None:
    """A guard that lets everybody be a leader."""


def timetable(desk: Desk, **schedules: Schedule) -> Timetable:
    return Timetable(schedules, desk.slots, desk.unit, "here")


def yearly(missed: Missed = Missed.ALL, **more: Any) -> Schedule:
    """Due once a year, half a year from now: no test sees a slot but those that it lets pass."""
    month = (datetime.now(UTC).month + 5) % 12 + 1
    return Schedule(cron=f"0 0 1 {month} *", queue="q", kind="tick", missed=missed, **more)


YEAR = timedelta(days=366).total_seconds()


async def test_a_new_schedule_has_come_as_far_as_now_and_one_that_left_is_forgotten(desk: Desk) -> None:
    await desk.in_one(lambda unit: desk.slots.know(unit, ["a", "b"]))
    first = await desk.slots.standings()
    assert first.keys() == {"a", "b"}
    assert timedelta() <= first["a"].now - first["a"].slot < timedelta(minutes=1)
    await desk.in_one(lambda unit: desk.slots.know(unit, ["b", "c"]))
    second = await desk.slots.standings()
    assert second.keys() == {"b", "c"}
    assert second["b"].slot == first["b"].slot
    assert await desk.in_one(lambda unit: desk.slots.lock(unit, "a")) is None


async def test_firing_enqueues_and_moves_on_and_passing_a_slot_only_moves_on(desk: Desk) -> None:
    await desk.in_one(lambda unit: desk.slots.know(unit, ["a"]))
    start = (await desk.slots.standings())["a"].slot
    one, two, three = (start + timedelta(hours=n) for n in (1, 2, 3))
    await desk.in_one(lambda unit: desk.slots.fire(unit, "a", two, [JOB, JOB], two))
    made = [int(job.id.rpartition(":")[2]) for job in await desk.made()]
    found = (await desk.slots.standings())["a"]
    assert (found.slot, found.last_slot, found.last_job_id) == (two, two, made[-1])
    assert found.last_fired_at is not None
    await desk.in_one(lambda unit: desk.slots.fire(unit, "a", three, [], None))
    passed = (await desk.slots.standings())["a"]
    assert (passed.slot, passed.last_slot, passed.last_fired_at) == (three, two, found.last_fired_at)
    assert one < passed.slot


async def test_a_job_beside_the_timetable_moves_nothing_on(desk: Desk) -> None:
    await desk.in_one(lambda unit: desk.slots.know(unit, ["a"]))
    before = (await desk.slots.standings())["a"]
    id = await desk.in_one(lambda unit: desk.slots.enqueue(unit, JOB))
    assert [job.id for job in await desk.made()] == [f"here:{id}"]
    after = (await desk.slots.standings())["a"]
    assert (after.slot, after.last_slot, after.last_job_id) == (before.slot, None, None)


async def test_a_pause_says_who_and_why_and_outlasts_a_schedule_that_leaves_and_comes_back(desk: Desk) -> None:
    await desk.in_one(lambda unit: desk.slots.pause(unit, "a", None, "the bank is down", "ann"))
    for names in (["a"], [], ["a"]):
        await desk.in_one(partial(desk.slots.know, names=names))
    found = await desk.in_one(lambda unit: desk.slots.lock(unit, "a"))
    told = (found.paused, found.paused_until, found.paused_by, found.paused_reason)
    assert told == (True, None, "ann", "the bank is down")
    await desk.in_one(lambda unit: desk.slots.resume(unit, "a"))
    found = (await desk.slots.standings())["a"]
    assert (found.paused, found.paused_by) == (False, None)


async def test_a_pause_ends_by_itself_and_another_sets_end_and_reason_anew(desk: Desk) -> None:
    await desk.in_one(lambda unit: desk.slots.know(unit, ["a"]))
    await desk.in_one(lambda unit: desk.slots.pause(unit, "a", None, "first", "ann"))
    end = (await desk.slots.standings())["a"].now + timedelta(hours=1)
    await desk.in_one(lambda unit: desk.slots.pause(unit, "a", end, None, "ben"))
    found = (await desk.slots.standings())["a"]
    assert (found.paused_until, found.paused_by, found.paused_reason) == (end, "ben", None)
    await desk.later(3601)
    assert not (await desk.slots.standings())["a"].paused


async def test_a_draining_queue_takes_jobs_of_no_slot_and_of_no_hand(desk: Desk) -> None:
    await desk.in_one(lambda unit: desk.slots.know(unit, ["a"]))
    await desk.in_one(lambda unit: desk.source.drain(unit, "q", None, "ann"))
    slot = (await desk.slots.standings())["a"].slot
    for act in (
        lambda unit: desk.slots.enqueue(unit, JOB),
        lambda unit: desk.slots.fire(unit, "a", slot + timedelta(hours=1), [JOB], slot),
    ):
        with pytest.raises(QueueDraining):
            await desk.in_one(act)
    assert await desk.made() == []
    assert (await desk.slots.standings())["a"].slot == slot


@pytest.mark.parametrize(("missed", "fired"), [(Missed.ALL, 3), (Missed.ONCE, 1), (Missed.SKIP, 0)])
async def test_missed_slots_are_made_up_for_by_policy_by_one_of_many_leaders(
    desk: Desk, missed: Missed, fired: int
) -> None:
    tables = [timetable(desk, a=yearly(missed)) for _ in range(4)]
    assert await tables[0].fire(leads) == 0
    await desk.later(3 * YEAR)
    assert sum(await asyncio.gather(*(table.fire(leads) for table in tables))) == fired
    made = await desk.made()
    assert len({job.trace_id for job in made}) == len(made) == fired
    assert (await tables[0].info("a")).last_job == (made[-1].id if made else None)


@pytest.mark.parametrize(("missed", "fired"), [(Missed.ALL, 3), (Missed.ONCE, 1), (Missed.SKIP, 0)])
async def test_what_a_paused_schedule_missed_is_made_up_for_by_policy_when_it_goes_on(
    desk: Desk, missed: Missed, fired: int
) -> None:
    table, other = timetable(desk, a=yearly(missed)), timetable(desk, a=yearly(missed))
    await table.fire(leads)
    await desk.in_one(lambda unit: table.pause(unit, "a", None, None, "ann"))
    await desk.later(3 * YEAR)
    assert (await table.fire(leads), await other.fire(leads), await desk.made()) == (0, 0, [])
    assert await table.missed("a") == fired
    assert (await table.info("a")).next_at is None
    await desk.in_one(lambda unit: table.resume(unit, "a"))
    assert await other.fire(leads) == fired
    assert await other.fire(leads) == 0


async def test_a_paused_schedule_says_when_it_next_gives_a_job(desk: Desk) -> None:
    table = timetable(desk, every=yearly(), left=yearly(Missed.SKIP))
    await table.fire(leads)
    usual = (await table.info("every")).next_at
    assert usual is not None
    short, long = usual - timedelta(days=1), usual + timedelta(days=1)
    for end, name, then in ((short, "every", usual), (long, "every", long), (short, "left", usual)):
        await desk.in_one(partial(table.pause, name=name, until=end, reason=None, actor="ann"))
        assert (await table.info(name)).next_at == then
    await desk.in_one(lambda unit: table.pause(unit, "left", long, None, "ann"))
    after = (await table.info("left")).next_at
    assert after is not None
    assert after > long
