"""The runner: carries runs out in chunks, exactly once each, whatever operators and other backends do meanwhile."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graveshift.errors import Invalid
from graveshift.runner.carrying import Carrying
from graveshift.runner.traffic import Traffic
from graveshift.wire.audit import AuditEntry
from graveshift.wire.jobs import JobState
from graveshift.wire.runs import Outcome, Run, RunState
from graveshift.wire.selection import Filter
from tests.contract.bench import failure
from tests.front import ALL, ANN, Front, true

REQUEUE, DISCARD, CANCEL, UNDO = "dlq.requeue", "dlq.discard", "job.cancel", "run.undo"
FAST = {**ALL, "rate": "unlimited"}


async def test_a_requeue_moves_every_letter_and_accounts_for_each(front: Front) -> None:
    ids = await front.letters(25)
    run = await front.order(REQUEUE, FAST)
    async with front.running(chunk=10):
        run = await front.ended(run)
    assert (run.state, run.total, run.moved) == (RunState.SUCCEEDED, 25, 25)
    items = await front.items(run)
    assert sorted(item.id for item in items) == sorted(ids)
    assert {item.outcome for item in items} == {Outcome.MOVED}
    assert await front.letters(0) == []
    assert await _states(front) == {JobState.WAITING: 25}


async def test_the_whole_of_a_run_is_on_the_record(front: Front) -> None:
    await front.letters(3)
    run = await front.order(REQUEUE, FAST, reason="healed")
    async with front.running():
        await front.ended(run)
    told = [(entry.outcome, entry.run_id, entry.reason, entry.total, entry.actor) for entry in await front.record()]
    assert told == [("started", run.id, "healed", 3, "ann"), ("succeeded", run.id, "healed", 3, "ann")]


async def test_named_ids_that_are_nothing_end_as_gone(front: Front) -> None:
    ids = await front.letters(2)
    named = [ids[0], "native:17-4", "native:nonsense", "nowhere:1", "nonsense", ids[0]]
    run = await front.order(REQUEUE, {"selection": {"ids": named}, "rate": "unlimited"})
    assert run.total == 5
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.total, run.moved, run.gone) == (RunState.SUCCEEDED, 5, 1, 4)
    assert await front.letters(0) == [ids[1]]


async def test_letters_that_arrive_after_the_plan_stay_where_they_are(front: Front) -> None:
    await front.letters(3)
    plan = await front.desk.plan(REQUEUE, FAST, ANN)
    await front.letters(2)
    async with front.running():
        run = await front.ended(await front.begin(plan))
    assert run.moved == 3
    assert len(await front.letters(0)) == 2


async def test_a_discard_leaves_nothing_behind(front: Front) -> None:
    await front.letters(3)
    run = await front.order(DISCARD, ALL)
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.moved, await front.letters(0)) == (RunState.SUCCEEDED, 3, [])
    assert await _states(front) == {}


async def test_a_live_job_with_the_same_key_is_a_conflict_and_its_letter_stays(front: Front) -> None:
    ids = await front.letters(1, unique_key="k")
    await front.bench.put(unique_key="k")
    run = await front.order(REQUEUE, FAST)
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.conflict, await front.letters(0)) == (RunState.SUCCEEDED, 1, ids)


async def test_jobs_are_cancelled_by_selection(front: Front) -> None:
    await front.bench.put(*["{}"] * 4, queue="mail")
    await front.bench.put(queue="parse")
    run = await front.order(CANCEL, {"selection": {"filter": {"queue": "mail"}}})
    async with front.running(chunk=3):
        run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 4)
    assert await _states(front) == {JobState.CANCELLED: 4, JobState.WAITING: 1}


async def test_a_queue_is_paused_until_a_time_for_a_reason_and_resumed(front: Front) -> None:
    await front.letters(1)
    until = datetime.now(UTC) + timedelta(minutes=5)
    async with front.running():
        args = {"queue": "native:mail", "until": until.isoformat(), "reason": "bad files"}
        assert (await front.ended(await front.order("queue.pause", args))).moved == 1
        queue = await front.queue.source.queue("mail")
        assert queue is not None
        assert (queue.paused, queue.paused_until, queue.paused_by, queue.paused_reason) == (
            True,
            until,
            "ann",
            "bad files",
        )
        run = await front.ended(await front.order("queue.resume", {"queue": "native:mail"}))
        queue = await front.queue.source.queue("mail")
    assert queue is not None
    assert not queue.paused
    assert [item.id for item in await front.items(run)] == ["native:mail"]


async def test_an_undo_recalls_what_no_worker_has_started(front: Front) -> None:
    ids = await front.letters(5)
    async with front.running():
        run = await front.ended(await front.order(REQUEUE, FAST))
        started = await front.bench.take(2)
        plan = await front.desk.plan(UNDO, {"run": run.id}, ANN)
        assert (plan.count, plan.effects[0].subject[:15]) == (3, "3 of the 5 jobs")
        begun = await front.begin(plan)
        undone = await front.ended(begun)
    assert begun.total == 5
    assert (undone.state, undone.moved, undone.gone) == (RunState.SUCCEEDED, 3, 2)
    back = await front.letters(0)
    assert len(back) == 3
    assert set(back) < set(ids)
    assert {item.id for item in await front.items(undone)} == set(ids)
    assert len(started) == 2


async def test_an_undo_does_not_promise_what_is_being_tried_again(front: Front) -> None:
    await front.letters(3)
    async with front.running():
        run = await front.ended(await front.order(REQUEUE, FAST))
    (tried,) = await front.bench.take(1)
    await front.bench.work.fail([failure(tried.ticket, retry_in_s=60.0)])
    plan = await front.desk.plan(UNDO, {"run": run.id}, ANN)
    assert plan.count == 2
    assert [effect.subject for effect in plan.effects][1:] == ["1 retrying"]


async def test_what_is_undone_already_is_not_asked_about_and_it_is_said_by_which_run(front: Front) -> None:
    await front.letters(3)
    async with front.running():
        run = await front.ended(await front.order(REQUEUE, FAST))
    cancelled = await front.order(UNDO, {"run": run.id})
    await front.wheel.steer(cancelled.id, "cancel", ANN)
    late = await front.desk.plan(UNDO, {"run": run.id}, ANN)
    undo = await front.order(UNDO, {"run": run.id})
    with pytest.raises(Invalid, match=f"run {run.id} is being undone by run {undo.id} of ann"):
        await front.desk.plan(UNDO, {"run": run.id}, ANN)
    async with front.running():
        await front.ended(undo)
    said = f"run {run.id} is undone already, by run {undo.id} of ann"
    with pytest.raises(Invalid, match=said):
        await front.desk.plan(UNDO, {"run": run.id}, ANN)
    with pytest.raises(Invalid, match=said):
        await front.begin(late)


async def test_only_a_requeue_or_discard_that_has_ended_can_be_undone(front: Front) -> None:
    await front.letters(1)
    run = await front.order(REQUEUE, FAST)
    with pytest.raises(Invalid, match="queued"):
        await front.desk.plan(UNDO, {"run": run.id}, ANN)
    async with front.running():
        await front.ended(run)
        cancelled = await front.ended(await front.order(CANCEL, ALL))
    with pytest.raises(Invalid, match=r"job\.cancel"):
        await front.desk.plan(UNDO, {"run": cancelled.id}, ANN)


async def test_it_begins_with_a_canary_and_keeps_to_the_rate(front: Front) -> None:
    await front.letters(60)
    run = await front.order(REQUEUE, {**ALL, "rate": 100})
    began = asyncio.get_running_loop().time()
    async with front.running():
        await true(lambda: _moved(front, run, 1))
        assert (await front.ended(run)).moved == 60
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_a_rate_set_while_it_runs_takes_hold(front: Front) -> None:
    await front.letters(200)
    run = await front.order(REQUEUE, {**ALL, "rate": 0.01})
    async with front.running():
        await true(lambda: _moved(front, run, 1))
        assert (await front.desk.rate(run.id, None, ANN)).rate is None
        run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 200)


async def test_a_paused_run_waits_and_goes_on_where_it_was(front: Front) -> None:
    await front.letters(40)
    run = await front.order(REQUEUE, {**ALL, "rate": 4})
    async with front.running():
        await true(lambda: _moved(front, run, 1))
        await front.desk.steer(run.id, "pause", ANN)
        paused = await front.becomes(run, RunState.PAUSED)
        assert len(await front.letters(0)) == 40 - paused.moved
        await front.desk.rate(run.id, None, ANN)
        await front.desk.steer(run.id, "resume", ANN)
        run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 40)


async def test_a_cancelled_run_stops_and_says_how_far_it_came(front: Front) -> None:
    await front.letters(40)
    run = await front.order(REQUEUE, {**ALL, "rate": 4})
    async with front.running():
        await true(lambda: _moved(front, run, 1))
        await front.desk.steer(run.id, "cancel", ANN)
        run = await front.ended(run)
    assert (run.state, run.total) == (RunState.CANCELLED, 40)
    assert 1 <= run.moved < 40
    assert len(await front.letters(0)) == 40 - run.moved
    assert _last(await front.record()) == (REQUEUE, "cancelled", run.moved)


async def test_a_run_that_nobody_carries_is_paused_and_cancelled_at_once(front: Front) -> None:
    await front.letters(1)
    run = await front.order(REQUEUE, FAST)
    assert (await front.desk.steer(run.id, "pause", ANN)).state is RunState.PAUSED
    assert (await front.desk.steer(run.id, "resume", ANN)).state is RunState.QUEUED
    cancelled = await front.desk.steer(run.id, "cancel", ANN)
    assert (cancelled.state, cancelled.finished_at is not None) == (RunState.CANCELLED, True)
    assert (await front.desk.steer(run.id, "cancel", ANN)).state is RunState.CANCELLED
    with pytest.raises(Invalid, match="ended"):
        await front.desk.steer(run.id, "resume", ANN)
    with pytest.raises(Invalid, match="ended"):
        await front.desk.rate(run.id, 5, ANN)
    acts = [entry.operation for entry in await front.record() if entry.outcome == "done"]
    assert acts == ["run.pause", "run.resume", "run.cancel"]
    assert _last(await front.record()) == (REQUEUE, "cancelled", 0)


async def test_overlapping_runs_move_each_letter_once(front: Front) -> None:
    await front.letters(300)
    runs = [await front.order(REQUEUE, FAST) for _ in range(6)]
    async with front.running(chunk=7, slots=6), front.running(chunk=11, slots=6):
        ended = [await front.ended(run) for run in runs]
    assert {run.state for run in ended} == {RunState.SUCCEEDED}
    assert sum(run.moved for run in ended) == 300
    for run in ended:
        await _counts_agree(front, run)
    assert await _states(front) == {JobState.WAITING: 300}


async def _counts_agree(front: Front, run: Run) -> None:
    counted = Counter(item.outcome for item in await front.items(run))
    assert counted[None] == 0
    assert (run.moved, run.conflict, run.failed) == tuple(
        counted[outcome] for outcome in Outcome if outcome is not Outcome.GONE
    )
    assert run.gone >= counted[Outcome.GONE]  # those that had left before they were picked have no name
    assert run.handled == run.total
    assert run.total == run.handled


async def _states(front: Front) -> dict[JobState, int]:
    """How many jobs are in each state, letters apart."""
    jobs = (await front.queue.jobs.page(Filter(), None, 1000)).items
    return dict(Counter(job.state for job in jobs if job.state is not JobState.DEAD))


async def _moved(front: Front, run: Run, n: int) -> bool:
    return (await front.seen(run)).moved >= n


def _last(record: list[AuditEntry]) -> tuple[str, str, int | None]:
    entry = record[-1]
    return entry.operation, entry.outcome, entry.total


@pytest.mark.parametrize(("busy", "together"), [(False, 2), (True, 1)])
async def test_chunks_go_one_by_one_while_much_is_enqueued_beside_them(
    front: Front, monkeypatch: pytest.MonkeyPatch, busy: bool, together: int
) -> None:
    monkeypatch.setattr(Traffic, "is_busy", busy)
    under_way, most = 0, 0
    act = Carrying._at_once

    async def counted(self: Carrying, *given: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            await act(self, *given)
        finally:
            under_way -= 1

    monkeypatch.setattr(Carrying, "_at_once", counted)
    await front.letters(30)
    run = await front.order(REQUEUE, FAST)
    async with front.running(chunk=5):
        run = await front.ended(run)
    assert (run.moved, most) == (30, together)
