"""Schedules on the Desk: fired by hand beside the timetable, and paused for whoever leads; what the API shows."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import text

from graveshift.driver import Unit
from graveshift.drivers.postgres.schedules import PostgresSlots
from graveshift.errors import Invalid, NotAllowed, NotFound, QueueDraining
from graveshift.schedule import Missed, Schedule
from graveshift.store.engine import create_engine, open_unit
from graveshift.timetable import Timetable
from graveshift.verbs import OPERATIONS
from graveshift.wire.jobs import Job
from graveshift.wire.plans import Confirm
from graveshift.wire.runs import Outcome, RunState
from graveshift.wire.selection import Filter
from tests.api_service import serving
from tests.front import ANN, VIC, Front

TICK = Schedule(cron="0 * * * *", queue="q", kind="tick", payload={"n": 1}, missed=Missed.ALL)
BACK = "UPDATE graveshift.schedules SET slot = date_trunc('hour', now()) - make_interval(hours => :n)"
OFF = Schedule(cron="0 * * * *", queue="q", kind="tock", enabled=False)
FIRE: Mapping[str, str] = {"schedule": "tick"}


async def leads(unit: Unit) -> None:
    """A guard that lets everybody be a leader."""


def timed(front: Front, schedule: Schedule = TICK) -> Timetable:
    """A front with this schedule, as `tick`; another backend's timetable."""
    unit = partial(open_unit, front.engine)
    front.world = structs.replace(
        front.world, timetable=Timetable({"tick": schedule}, front.queue.slots, unit, "native")
    )
    front.operations = dict(OPERATIONS)
    return Timetable({"tick": schedule}, PostgresSlots(front.engine), unit, "native")


async def back(front: Front, hours: int) -> None:
    async with front.engine.begin() as connection:
        await connection.execute(text(BACK), {"n": hours})


async def jobs(front: Front) -> list[str | None]:
    """Trace ids, oldest first."""
    found = [await front.queue.jobs.one(job.id.rpartition(":")[2]) for job in await page(front)]
    return [job.trace_id for job in found if job is not None]


async def page(front: Front) -> list[Job]:
    return list(reversed((await front.queue.jobs.page(Filter(), None, 100)).items))


async def test_one_job_is_fired_by_hand_and_the_timetable_goes_on_as_it_would(front: Front) -> None:
    other = timed(front)
    await other.fire(leads)
    before = await other.info("tick")
    async with front.running():
        plan = await front.desk.plan("schedule.fire", FIRE, ANN)
        assert (plan.count, plan.confirm) == (1, Confirm.YES)
        assert plan.effects[0].change == "one job tick in queue q now, beside its timetable"
        run = await front.ended(await front.begin(plan, key="once"))
        again = await front.begin(plan, key="once")
    assert (run.state, run.moved, again.id) == (RunState.SUCCEEDED, 1, run.id)
    [job] = await page(front)
    [item] = await front.items(run)
    assert (item.job_id, item.detail, await jobs(front)) == (job.id, f"job {job.id}", [f"tick@run-{run.id}"])
    assert structs.replace(await other.info("tick"), next_at=None) == structs.replace(before, next_at=None)


async def test_a_draining_queue_refuses_to_be_fired_at_in_words(front: Front) -> None:
    timed(front)
    plan = await front.desk.plan("schedule.fire", FIRE, ANN)
    async with open_unit(front.engine) as unit:
        await front.queue.source.drain(unit, "q", None, "ann")
        await unit.commit()
    with pytest.raises(QueueDraining, match="this queue is draining and takes no new jobs: q"):
        await front.desk.plan("schedule.fire", FIRE, ANN)
    with pytest.raises(QueueDraining):
        await front.begin(plan)
    assert await jobs(front) == []


async def test_a_queue_that_is_drained_before_the_run_is_a_conflict(front: Front) -> None:
    timed(front)
    run = await front.begin(await front.desk.plan("schedule.fire", FIRE, ANN))
    async with open_unit(front.engine) as unit:
        await front.queue.source.drain(unit, "q", None, "ann")
        await unit.commit()
    async with front.running():
        ended = await front.ended(run)
    [item] = await front.items(ended)
    assert (ended.conflict, item.outcome) == (1, Outcome.CONFLICT)
    assert item.detail == "this queue is draining and takes no new jobs: q"
    assert await jobs(front) == []


async def test_a_pause_holds_for_another_backend_and_what_was_missed_follows_the_policy(front: Front) -> None:
    other = timed(front)
    await other.fire(leads)
    async with front.running():
        plan = await front.desk.plan("schedule.pause", FIRE, ANN)
        assert plan.effects[0].change.startswith("paused until it is resumed; for each slot that it misses")
        await front.ended(await front.begin(plan, reason="the bank is down"))
        shown = await other.info("tick")
        told = (shown.paused, shown.paused_by, shown.paused_reason, shown.next_at)
        assert told == (True, "ann", "the bank is down", None)
        await back(front, 2)
        assert await other.fire(leads) == 0
        resume = await front.desk.plan("schedule.resume", FIRE, ANN)
        assert (resume.confirm, "jobs come at once" in resume.effects[0].change) == (Confirm.YES, True)
        await front.ended(await front.begin(resume))
    assert await other.fire(leads) >= 2
    assert not (await other.info("tick")).paused
    assert (await front.desk.plan("schedule.resume", FIRE, ANN)).confirm is Confirm.NONE


async def test_a_pause_that_is_under_way_keeps_a_leader_waiting_who_then_fires_nothing(front: Front) -> None:
    other = timed(front)
    await other.fire(leads)
    await back(front, 1)
    async with open_unit(front.engine) as unit:
        await front.world.timetable.pause(unit, "tick", None, None, "ann")
        firing = asyncio.create_task(other.fire(leads))
        done, _ = await asyncio.wait([firing], timeout=0.3)
        assert not done
        await unit.commit()
    assert (await firing, await jobs(front)) == (0, [])


async def test_a_pause_needs_an_end_that_is_to_come_a_schedule_that_is_there_and_an_operator(front: Front) -> None:
    timed(front)
    for until in (datetime.now(UTC) - timedelta(minutes=1), datetime(9999, 1, 1, tzinfo=UTC)):
        with pytest.raises(Invalid):
            await front.desk.plan("schedule.pause", {**FIRE, "until": until.isoformat()}, ANN)
    for verb in ("schedule.fire", "schedule.pause", "schedule.resume"):
        with pytest.raises(NotFound, match="schedule none"):
            await front.desk.plan(verb, {"schedule": "none"}, ANN)
        with pytest.raises(NotAllowed):
            await front.desk.plan(verb, FIRE, VIC)


async def test_a_backend_without_the_schedule_ends_the_run_as_gone(front: Front) -> None:
    timed(front)
    run = await front.begin(await front.desk.plan("schedule.fire", FIRE, ANN))
    front.world = structs.replace(
        front.world, timetable=Timetable({}, front.queue.slots, partial(open_unit, front.engine), "native")
    )
    async with front.running():
        ended = await front.ended(run)
    assert (ended.gone, ended.moved) == (1, 0)


async def test_the_api_shows_next_run_policy_pause_and_what_was_fired_once_by_several(
    database: str, tmp_path: Path
) -> None:
    engine = create_engine(database)
    slots, unit = PostgresSlots(engine), partial(open_unit, engine)
    tables = [Timetable({"tick": TICK, "off": OFF}, slots, unit, "native") for _ in range(3)]
    async with serving(database, tmp_path, rooms={"schedules": tables[0].infos}) as service, service.client() as admin:
        assert (await admin.get("/v1/schedules/tick")).json()["next_at"] is None
        await tables[0].fire(leads)
        await service.rows(BACK, n=2)
        fired = sum(await asyncio.gather(*(table.fire(leads) for table in tables)))
        found = (await admin.get("/v1/jobs")).json()["items"]
        assert len(found) == fired >= 2
        page = (await admin.get("/v1/schedules")).json()
        off, tick = page["items"]
        assert (off["id"], off["enabled"], off["next_at"], off["missed"]) == ("off", False, None, "once")
        assert (tick["id"], tick["missed"], tick["paused"]) == ("tick", "all", False)
        assert tick["last_job"] == found[0]["id"]
        assert datetime.fromisoformat(tick["last_slot"]) <= datetime.fromisoformat(tick["last_fired_at"])
        assert datetime.fromisoformat(tick["next_at"]) - datetime.fromisoformat(tick["last_slot"]) == timedelta(hours=1)
        end = datetime.fromisoformat(tick["next_at"]) + timedelta(minutes=30)
        async with unit() as one:
            await tables[1].pause(one, "tick", end, "the bank is down", "ann")
            await one.commit()
        tick = (await admin.get("/v1/schedules/tick")).json()
        assert (tick["paused"], tick["paused_by"], tick["paused_reason"]) == (True, "ann", "the bank is down")
        assert datetime.fromisoformat(tick["next_at"]) == datetime.fromisoformat(tick["paused_until"]) == end
    await engine.dispose()
