"""Verbs on live jobs through the Desk: planned, run, accounted for; and a hold never meets a claim."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from graveshift.errors import Invalid, PhraseMismatch, QueueDraining
from graveshift.store.engine import open_unit
from graveshift.touch import Order, Touch
from graveshift.wire.plans import Confirm, RunPlan
from graveshift.wire.runs import Outcome, RunState
from graveshift.wire.selection import Filter
from tests.contract.bench import native
from tests.front import ANN, Front

BAD = {"selection": {"filter": {"kind": "other"}}}
JOBS, CHUNK = 400, 20


async def states(front: Front) -> dict[str, int]:
    found: dict[str, int] = {}
    for job in (await front.queue.jobs.page(Filter(), None, 1000)).items:
        found[job.state] = found.get(job.state, 0) + 1
    return found


async def test_one_bad_kind_is_held_while_its_queue_goes_on_and_released(front: Front) -> None:
    bad = await front.bench.put("1", "2", kind="other")
    await front.bench.put("3")
    async with front.running():
        plan = await front.desk.plan("job.hold", BAD, ANN)
        assert (plan.count, plan.confirm, plan.effects[0].subject) == (2, Confirm.YES, "2 jobs of kind other")
        await front.bench.put('"later"', kind="other")
        assert (await front.desk.again(plan.id)).arrived_since == 1
        run = await front.ended(await front.begin(plan, reason="bank is down"))
        assert (run.state, run.moved) == (RunState.SUCCEEDED, 2)
        assert sorted(item.id for item in await front.items(run)) == [f"native:{id}" for id in bad]
        assert await states(front) == {"held": 2, "waiting": 2}
        held = await front.queue.jobs.one(str(bad[0]))
        assert held is not None
        assert held.held_reason == "bank is down"
        assert len(await front.bench.take()) == 2
        run = await front.ended(await front.order("job.release", {"selection": {"filter": {"queue": "mail"}}}))
        assert (run.moved, run.conflict) == (2, 0)
    assert await states(front) == {"running": 2, "waiting": 2}


async def test_the_plan_of_a_hold_says_which_of_the_jobs_are_held_already_and_how(front: Front) -> None:
    mine, *_ = await front.bench.put("1", "2", "3", kind="other")
    (fourth,) = await front.bench.put("4", kind="other")
    (fine,) = await front.bench.put("5")
    end = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert len((await front.desk.plan("job.hold", BAD, ANN)).effects) == 1
    async with front.running():
        await front.ended(await front.order("job.hold", {**BAD, "reason": "bank is down"}))
        named = {"selection": {"ids": [f"native:{mine}"]}, "until": end.isoformat()}
        await front.ended(await front.order("job.hold", named))
    told = ['3 of these are held until released: "bank is down"', "1 of these is held until 2030-01-02 03:04:05Z"]
    plan = await front.desk.plan("job.hold", BAD, ANN)
    assert [(effect.subject, effect.change) for effect in plan.effects[1:]] == [("now", said) for said in told]
    assert (await front.desk.again(plan.id)).effects == plan.effects
    ids = [f"native:{id}" for id in (mine, fourth, fine)]
    by_name = await front.desk.plan("job.hold", {"selection": {"ids": ids}}, ANN)
    assert [effect.change for effect in by_name.effects[1:]] == [
        '1 of these is held until released: "bank is down"',
        "1 of these is held until 2030-01-02 03:04:05Z",
    ]
    waiting = {"selection": {"filter": {"kind": "other", "state": "waiting"}}}
    assert len((await front.desk.plan("job.hold", waiting, ANN)).effects) == 1


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("job.cancel", BAD),
        ("job.hold", BAD),
        ("job.bury", BAD),
        ("job.retry", BAD),
        ("queue.purge", {"queue": "native:mail"}),
    ],
)
async def test_a_plan_on_live_jobs_says_how_many_came_since(front: Front, verb: str, args: dict[str, object]) -> None:
    await front.bench.put("1", "2", kind="other")
    plan = await front.desk.plan(verb, args, ANN)
    assert (plan.count, plan.arrived_since) == (2, 0)
    await front.bench.put("3", "4", "5", kind="other")
    again = await front.desk.again(plan.id)
    assert (again.count, again.arrived_since) == (2, 3)


async def test_a_hold_with_an_end_is_ended_by_housekeeping(front: Front) -> None:
    await front.bench.put(kind="other")
    until = datetime.now(UTC) + timedelta(hours=1)
    async with front.running():
        await front.ended(await front.order("job.hold", {**BAD, "until": until.isoformat()}))
    await front.bench.upkeep.sweep(3)
    assert await states(front) == {"held": 1}
    async with front.engine.begin() as connection:
        await connection.execute(text("UPDATE graveshift.jobs SET held_until = now() - interval '1 second'"))
    assert await front.bench.take() == []
    await front.bench.upkeep.sweep(3)
    assert len(await front.bench.take()) == 1


async def test_an_end_in_the_past_is_refused(front: Front) -> None:
    with pytest.raises(Invalid, match="until is in the past"):
        await front.desk.plan("job.hold", {**BAD, "until": "2020-01-01T00:00:00Z"}, ANN)


async def test_buried_jobs_are_letters_and_those_that_run_are_conflicts(front: Front) -> None:
    await front.bench.put("1", "2", "3")
    await front.bench.take(1)
    async with front.running():
        run = await front.ended(await front.order("job.bury", {"selection": {"all": True}, "reason": "bad batch"}))
        assert (run.moved, run.conflict, run.failed) == (2, 1, 0)
        (group,) = (await front.queue.letters.groups(Filter(), None, 10)).items
        assert (group.error_type, group.message, group.dead) == ("buried", "bad batch", 2)
        again = {"selection": {"filter": {"run_id": run.id}}, "rate": "unlimited"}
        run = await front.ended(await front.order("dlq.requeue", again))
    assert (run.moved, await states(front)) == (2, {"running": 1, "waiting": 2})


async def test_a_burial_makes_a_group_of_each_kind_and_folds_the_numbers_of_its_reason(front: Front) -> None:
    await front.bench.put("1", kind="old")
    await front.bench.put("2", kind="older")
    async with front.running():
        for kind, reason in (("old", "old kind 17"), ("older", "old kind 18")):
            only = {"selection": {"filter": {"kind": kind}}, "reason": reason}
            await front.ended(await front.order("job.bury", only))
    found = (await front.queue.letters.groups(Filter(), None, 10)).items
    assert {(group.kind, group.message) for group in found} == {("old", "old kind <n>"), ("older", "old kind <n>")}
    assert len({group.fingerprint for group in found}) == 1
    letters = (await front.queue.letters.page(Filter(), None, 10)).items
    assert {letter.error_message for letter in letters} == {"old kind 17", "old kind 18"}


async def test_jobs_of_another_day_are_retried_now(front: Front) -> None:
    await front.bench.put("1", "2", run_at=datetime.now(UTC) + timedelta(days=1))
    async with front.running():
        run = await front.ended(await front.order("job.retry", {"selection": {"filter": {"state": "scheduled"}}}))
    assert run.moved == 2
    assert len(await front.bench.take()) == 2


async def test_a_purge_asks_for_the_environment_and_leaves_what_runs(front: Front) -> None:
    await front.bench.put(*["{}"] * 5)
    await front.bench.put(queue="else")
    await front.bench.take(1, queues=["mail"])
    plan = await front.desk.plan("queue.purge", {"queue": "native:mail"}, ANN)
    assert (plan.confirm, plan.phrase) == (Confirm.PHRASE, front.world.environment)
    with pytest.raises(PhraseMismatch):
        await front.desk.run(plan.id, ANN, "key", RunPlan("mail", None))
    async with front.running(chunk=2):
        run = await front.ended(await front.begin(plan))
    assert (run.moved, run.conflict) == (4, 1)
    assert await states(front) == {"cancelled": 4, "running": 1, "waiting": 1}


async def test_a_drained_queue_refuses_every_producer_until_it_is_resumed(front: Front) -> None:
    await front.bench.put()
    enqueue = text("SELECT graveshift.enqueue('mail', 'send', '{}')")
    async with front.running():
        await front.ended(await front.order("queue.drain", {"queue": "native:mail"}))
        with pytest.raises(QueueDraining):
            await front.bench.put()
        with pytest.raises(DBAPIError, match="queue mail is draining"):
            async with front.engine.begin() as connection:
                await connection.execute(enqueue)
        assert len(await front.bench.take()) == 1
        await front.ended(await front.order("queue.resume", {"queue": "native:mail"}))
    async with front.engine.begin() as connection:
        await connection.execute(enqueue)
    assert len(await front.bench.put()) == 1


@pytest.mark.parametrize(
    "given", [{"text": "refused"}, {"payload": "[]"}, {"error_type": "E", "queue": "mail"}, {"versoin": "1"}]
)
async def test_a_condition_that_is_not_known_is_refused(front: Front, given: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        await front.desk.plan("job.hold", {"selection": {"filter": given}}, ANN)


async def test_jobs_are_chosen_by_payload(front: Front) -> None:
    await front.bench.put('{"to":"ann"}', '{"to":"bob"}', '{"to":"ann","odd":"\\u0000"}')
    chosen = {"selection": {"filter": {"queue": "mail", "payload": '{"to":"ann"}'}}}
    async with front.running():
        run = await front.ended(await front.order("job.hold", chosen))
    assert run.moved == 2
    assert await states(front) == {"held": 2, "waiting": 1}


async def test_a_job_is_never_both_held_and_running(front: Front) -> None:
    ids = [str(id) for id in await front.bench.put(*["{}"] * JOBS)]
    held: set[str] = set()
    conflicts: set[str] = set()
    claimed: list[int] = []

    async def hold(seed: int) -> None:
        mine = ids[:]
        random.Random(seed).shuffle(mine)
        for start in range(0, JOBS // 2, CHUNK):
            async with open_unit(front.engine) as unit:
                chunk = mine[start : start + CHUNK]
                verdicts = await front.queue.source.touch(unit, chunk, Order(Touch.HOLD, seed))
                await unit.commit()
            held.update(native(verdict.id) for verdict in verdicts if verdict.outcome is Outcome.MOVED)
            conflicts.update(native(verdict.id) for verdict in verdicts if verdict.outcome is Outcome.CONFLICT)

    async def claim() -> None:
        for worker in range(1, JOBS // CHUNK + 1):
            found = await front.queue.work.claim(UUID(int=worker), [], ["send"], CHUNK // 2, 60.0)
            claimed.extend(job.ticket.id for job in found)

    await asyncio.gather(hold(1), hold(2), claim())
    running = {str(id) for id in claimed}
    assert len(running) == len(claimed)
    assert not held & running
    assert conflicts <= running
    depth = await front.bench.depth()
    assert (depth["held"], depth["running"]) == (len(held), len(running))
    assert depth.get("waiting", 0) == JOBS - len(held) - len(running)


async def test_jobs_that_ended_between_plan_and_run_are_gone(front: Front) -> None:
    await front.bench.put(*["{}"] * 5)
    plan = await front.desk.plan("job.hold", {"selection": {"filter": {"queue": "mail"}}}, ANN)
    await front.bench.work.finish([job.ticket for job in await front.bench.take(2)], "w")
    async with front.running(chunk=2):
        run = await front.ended(await front.begin(plan))
    assert (plan.count, run.total) == (5, 5)
    assert (run.moved, run.gone, run.conflict, run.failed) == (3, 2, 0, 0)


async def test_operators_who_act_on_the_same_jobs_get_the_same_kind_of_report(front: Front) -> None:
    await front.bench.put(*["{}"] * 40)
    async with front.running():
        await front.ended(await front.order("job.hold", {"selection": {"filter": {"queue": "mail"}}}))
        held = {"selection": {"filter": {"queue": "mail", "state": "held"}}}
        plans = [await front.desk.plan("job.bury", held, ANN) for _ in range(6)]
        begun = await asyncio.gather(*(front.begin(plan) for plan in plans))
        runs = [await front.ended(run) for run in begun]
    assert [(run.state, run.total, run.handled) for run in runs] == [(RunState.SUCCEEDED, 40, 40)] * 6
    assert sum(run.moved for run in runs) == 40
    assert all(run.moved + run.gone == 40 for run in runs)


async def test_of_more_jobs_than_are_counted_at_least_the_counted_ones_have_an_outcome(front: Front) -> None:
    many = text("INSERT INTO graveshift.jobs (queue, kind, state) SELECT 'mail', 'send', 'waiting' FROM "
                "generate_series(1, 10500)")  # fmt: skip
    async with front.engine.begin() as connection:
        await connection.execute(many)
    plan = await front.desk.plan("job.hold", {"selection": {"filter": {"queue": "mail"}}}, ANN)
    async with front.engine.begin() as connection:
        await connection.execute(text("DELETE FROM graveshift.jobs"))
    async with front.running():
        run = await front.ended(await front.begin(plan))
    assert (plan.count, plan.count_is_exact) == (10_000, False)
    assert (run.total, run.moved, run.gone) == (10_000, 0, 10_000)
