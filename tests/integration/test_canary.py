"""A canary: a few letters go first, past backlog and pause, are followed to a verdict, and the rest waits for it."""

from typing import Any

import pytest

from graveshift.errors import Invalid
from graveshift.wire.jobs import JobState
from graveshift.wire.runs import Run, RunState
from graveshift.wire.selection import Filter
from graveshift.wire.trials import CanaryState
from tests.drips import BEN, REQUEUE, TRY, Downstream, moved, resume, working
from tests.front import ALL, ANN, Front, true


@pytest.fixture
def downstream() -> Downstream:
    return Downstream()


async def test_a_green_canary_asks_and_a_resume_goes_on_with_the_rest(front: Front, downstream: Downstream) -> None:
    await front.letters(12)
    run = await front.order(REQUEUE, TRY)
    async with front.running(), working(front, downstream):
        run = await front.becomes(run, RunState.PAUSED)
        assert run.halt == "canary green: 5 of 5 done"
        assert (run.moved, len(await front.letters(0)), len(downstream.seen)) == (5, 7, 5)
        await resume(front, run)
        run = await front.ended(run)
    assert (run.state, run.moved, run.total, run.halt) == (RunState.SUCCEEDED, 12, 12, None)
    assert len({item.id for item in await front.items(run)}) == 12
    told = [(entry.operation, entry.actor, entry.reason) for entry in await front.record()]
    words = "canary green: 5 of 5 done"
    assert ("run.pause", "graveshift", words) in told
    assert ("run.resume", "ben", f"it had stopped by itself: {words}") in told


async def test_a_green_canary_that_is_told_to_go_goes_on(front: Front, downstream: Downstream) -> None:
    await front.letters(12)
    run = await front.order(REQUEUE, {**TRY, "then": "go"})
    async with front.running(), working(front, downstream):
        run = await front.ended(run)
    assert (run.state, run.moved, run.halt) == (RunState.SUCCEEDED, 12, None)
    assert run.canary is not None
    assert (run.canary.state, run.canary.done, run.canary.jobs) == (CanaryState.GREEN, 5, 5)


async def test_a_canary_alone_ends_the_run(front: Front, downstream: Downstream) -> None:
    await front.letters(12)
    run = await front.order(REQUEUE, {**TRY, "then": "stop"})
    async with front.running(), working(front, downstream):
        run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.CANCELLED, 5)
    assert run.halt == "canary green: 5 of 5 done; it ends with its canary"
    assert (await front.record())[-1].reason == run.halt


@pytest.mark.parametrize("then", ["go", "ask"])
async def test_the_first_failed_attempt_is_red_within_seconds_and_nothing_more_moves(
    front: Front, downstream: Downstream, then: str
) -> None:
    await front.letters(12, max_attempts=5)
    downstream.well = False
    run = await front.order(REQUEUE, {**TRY, "then": then})
    async with front.running(), working(front, downstream):
        await true(lambda: is_red(front, run), within=5, what="red")
        run = await front.becomes(run, RunState.PAUSED)
        assert (run.moved, len(await front.letters(0))) == (5, 7)
        assert run.halt is not None
        assert run.halt.startswith("canary red: ")
    jobs = (await front.queue.jobs.page(Filter(), None, 100)).items
    assert {job.state for job in jobs} <= {"retrying", "waiting", "running", "dead"}
    assert {job.priority for job in jobs} == {0}


async def is_red(front: Front, run: Run) -> bool:
    found = (await front.seen(run)).canary
    return found is not None and found.state is CanaryState.RED


async def test_a_canary_goes_past_backlog_and_pause_and_the_rest_waits(front: Front, downstream: Downstream) -> None:
    await front.letters(12)
    await front.bench.put(*["{}"] * 30, priority=100)
    await front.bench.pause("mail")
    run = await front.order(REQUEUE, {**TRY, "then": "go"})
    async with front.running(), working(front, downstream, concurrency=1, batch=1):
        run = await front.ended(run)
        assert (run.moved, len(downstream.seen)) == (12, 5)
        assert {item.job_id for item in await front.items(run)} >= {f"native:{job}" for job in downstream.seen}
        waiting = [job.state for job in (await front.queue.jobs.page(Filter(), None, 100)).items]
        assert waiting.count(JobState.WAITING) == 37


async def test_a_canary_that_nobody_works_is_late_and_its_jobs_lose_their_place(
    front: Front, downstream: Downstream
) -> None:
    await front.letters(8)
    await front.bench.pause("mail")
    run = await front.order(REQUEUE, {**TRY, "guard": {"canary_s": 0.5}})
    async with front.running():
        run = await front.becomes(run, RunState.PAUSED)
    assert run.halt is not None
    assert run.halt.startswith("canary late: 0 of 5 done in time, 5 not started")
    assert not await front.bench.take(20)


async def test_it_is_seen_while_it_runs_and_can_be_paused_and_cancelled(front: Front, downstream: Downstream) -> None:
    await front.letters(12)
    downstream.open.clear()
    run = await front.order(REQUEUE, TRY)
    async with front.running(), working(front, downstream, concurrency=2, batch=2):

        async def two_run() -> bool:
            found = (await front.seen(run)).canary
            return found is not None and (found.running, found.waiting) == (2, 3)

        await true(two_run)
        await front.wheel.steer(run.id, "pause", BEN)
        paused = await front.becomes(run, RunState.PAUSED)
        assert paused.halt is None
        await resume(front, run)
        await front.becomes(run, RunState.RUNNING)
        await front.wheel.steer(run.id, "cancel", BEN)
        ended = await front.becomes(run, RunState.CANCELLED)
    assert (ended.moved, len(await front.letters(0))) == (5, 7)


async def test_named_letters_are_tried_and_none_is_moved_twice(front: Front, downstream: Downstream) -> None:
    ids = await front.letters(12)
    args = {"selection": {"ids": ids}, "rate": "unlimited", "canary": 5, "then": "go"}
    run = await front.order(REQUEUE, args)
    async with front.running(chunk=3), working(front, downstream):
        run = await front.ended(run)
    assert (run.state, run.moved, run.total) == (RunState.SUCCEEDED, 12, 12)
    assert sorted(item.id for item in await front.items(run)) == sorted(ids)


async def test_a_canary_of_all_there_is_has_nothing_to_ask(front: Front, downstream: Downstream) -> None:
    await front.letters(3)
    run = await front.order(REQUEUE, TRY)
    async with front.running(), working(front, downstream):
        run = await front.ended(run)
    assert (run.state, run.moved, run.halt) == (RunState.SUCCEEDED, 3, None)


async def test_more_failures_can_be_borne_where_that_is_said(front: Front, downstream: Downstream) -> None:
    await front.letters(12)
    downstream.well = False
    run = await front.order(REQUEUE, {**TRY, "guard": {"canary_red": 5}})
    async with front.running(), working(front, downstream):
        run = await front.becomes(run, RunState.PAUSED)
    assert run.halt is not None
    assert run.halt.startswith("canary red: 5 of 5 first attempts failed")


async def test_the_sample_is_spread_over_queues_kinds_and_causes(front: Front, downstream: Downstream) -> None:
    await front.letters(30, queue="big")
    await front.letters(1, queue="small")
    await front.letters(1, kind="other")
    run = await front.order(REQUEUE, {**TRY, "then": "stop"})
    async with front.running(), working(front, downstream):
        await true(lambda: moved(front, run, 5))
        queues = {
            (job.queue, job.kind) for job in (await front.queue.jobs.page(Filter(run_id=run.id), None, 100)).items
        }
        assert {("big", "send"), ("small", "send"), ("mail", "other")} <= queues
        await front.wheel.steer(run.id, "cancel", BEN)
        await front.ended(run)


async def test_the_plan_says_what_is_tried_and_what_follows(front: Front) -> None:
    await front.letters(12)
    plan = await front.desk.plan(REQUEUE, {**ALL, "canary": True}, ANN)
    said = " ".join(f"{effect.subject} {effect.change}" for effect in plan.effects)
    assert "a canary of 20 of them" in said
    assert "one failed first attempt is red, late after 120 s; nothing else moves until you say so" in said


@pytest.mark.parametrize(
    "args",
    [
        {"then": "go"},
        {"canary": 0},
        {"canary": 1001},
        {"canary": 5, "then": "perhaps"},
        {"guard": {"probe": "nobody"}},
        {"guard": {"slow_ratio": 2}},
        {"guard": {"url": "http://elsewhere"}},
        {"guard": {"slow_ratio": 0.5, "stop_ratio": 0.1}},
        {"guard": {"slow_ratio": 0.5}},
    ],
)
async def test_what_makes_no_sense_is_refused(front: Front, args: dict[str, Any]) -> None:
    await front.letters(2)
    with pytest.raises(Invalid):
        await front.desk.plan(REQUEUE, {**ALL, **args}, ANN)
