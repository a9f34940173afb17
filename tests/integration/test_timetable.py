"""The timetable: each slot is fired once, by whoever leads, and missed ones by their policy."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.drivers.postgres.schedules import PostgresSlots
from graveshift.errors import Fenced
from graveshift.schedule import Missed, Schedule
from graveshift.store.engine import create_engine, open_unit
from graveshift.timetable import Timetable


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


async def leads(unit: Unit) -> None:
    """A guard that lets everybody be a leader."""


def hourly(missed: Missed = Missed.ONCE, **more: Any) -> Schedule:
    """Due at each full hour: no test sees a slot but those it makes due itself, or one more at the turn of an hour."""
    return Schedule(cron="0 * * * *", queue="q", kind="tick", payload={"n": 1}, missed=missed, **more)


def timetable(engine: AsyncEngine, **schedules: Schedule) -> Timetable:
    return Timetable(schedules, PostgresSlots(engine), partial(open_unit, engine), "native")


async def been_down(engine: AsyncEngine, slots: int) -> None:
    """As if nobody had looked for so many full hours: the last slot dealt with lies just before them."""
    async with engine.begin() as connection:
        back = "UPDATE graveshift.schedules SET slot = date_trunc('hour', now()) - make_interval(hours => :n)"
        await connection.execute(text(back), {"n": slots})


async def jobs(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(text("SELECT id, queue, kind, trace_id FROM graveshift.jobs ORDER BY id")))


async def test_a_new_schedule_makes_up_for_nothing(engine: AsyncEngine) -> None:
    table = timetable(engine, tick=hourly(Missed.ALL))
    assert await table.fire(leads) <= 1
    [info] = await table.infos()
    assert info.next_at is not None
    assert info.next_at.minute == 0


@pytest.mark.parametrize(("missed", "fired"), [(Missed.ONCE, 1), (Missed.ALL, 3)])
async def test_three_missed_slots_are_made_up_for_by_policy(engine: AsyncEngine, missed: Missed, fired: int) -> None:
    table = timetable(engine, tick=hourly(missed))
    await table.fire(leads)
    await been_down(engine, 3)
    assert await table.fire(leads) in (fired, fired + (missed is Missed.ALL))
    made = await jobs(engine)
    [info] = await table.infos()
    assert info.last_slot is not None
    assert made[-1].trace_id == f"tick@{info.last_slot:%Y-%m-%dT%H:%M:%SZ}"
    assert info.last_job == f"native:{made[-1].id}"
    assert len({job.trace_id for job in made}) == len(made)


async def test_skipped_slots_pass_without_a_job(engine: AsyncEngine) -> None:
    table = timetable(engine, off=hourly(enabled=False))
    await table.fire(leads)
    await been_down(engine, 3)
    assert await table.fire(leads) == 0
    assert await jobs(engine) == []
    [info] = await table.infos()
    assert (info.next_at, info.last_job) == (None, None)
    standing = (await PostgresSlots(engine).standings())["off"]
    assert standing.now - standing.slot < timedelta(hours=1, minutes=1)


async def test_of_many_who_think_they_lead_one_fires_a_slot(engine: AsyncEngine) -> None:
    tables = [timetable(engine, tick=hourly(Missed.ALL)) for _ in range(6)]
    await asyncio.gather(*(table.fire(leads) for table in tables))
    for _ in range(5):
        await been_down(engine, 1)
        await asyncio.gather(*(table.fire(leads) for table in tables))
        # The same slot is due each time, because the row was set back: each round adds one job and no more.
    made = await jobs(engine)
    assert 5 <= len(made) <= 6


async def test_who_does_not_lead_any_more_fires_nothing(engine: AsyncEngine) -> None:
    async def fenced(unit: Unit) -> None:
        raise Fenced

    table = timetable(engine, tick=hourly())
    await table.fire(leads)
    await been_down(engine, 2)
    with pytest.raises(Fenced):
        await table.fire(fenced)
    assert await jobs(engine) == []


async def test_a_schedule_that_left_and_came_back_makes_up_for_nothing(engine: AsyncEngine) -> None:
    table = timetable(engine, tick=hourly(Missed.ALL))
    await table.fire(leads)
    await been_down(engine, 3)
    await timetable(engine).fire(leads)
    assert await table.fire(leads) == 0


async def test_one_schedule_that_cannot_be_fired_holds_up_no_other(engine: AsyncEngine) -> None:
    bad = Schedule(cron="0 * * * *", queue="q", kind="bad", max_attempts=1)
    table = timetable(engine, a=bad, b=hourly())
    await table.fire(leads)
    await been_down(engine, 1)
    async with engine.begin() as connection:
        rule = "ALTER TABLE graveshift.jobs ADD CONSTRAINT no_bad CHECK (kind <> 'bad')"
        await connection.execute(text(rule))
    with pytest.raises(Exception, match="no_bad"):
        await table.fire(leads)
    assert [job.kind for job in await jobs(engine)] == ["tick"]


async def test_slots_of_a_draining_queue_stay_due_and_hold_up_no_other(engine: AsyncEngine) -> None:
    other = Schedule(cron="0 * * * *", queue="other", kind="tock")
    table = timetable(engine, a=hourly(), b=other)
    await table.fire(leads)
    await been_down(engine, 1)
    async with engine.begin() as connection:
        drained = "INSERT INTO graveshift.queues (name, draining_at) VALUES ('q', now())"
        await connection.execute(text(drained + " ON CONFLICT (name) DO UPDATE SET draining_at = now()"))
    await table.fire(leads)
    assert "tick" not in [job.kind for job in await jobs(engine)]
    assert "tock" in [job.kind for job in await jobs(engine)]
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE graveshift.queues SET draining_at = NULL"))
    await table.fire(leads)
    assert "tick" in [job.kind for job in await jobs(engine)]
