"""Bulk runs wait a moment before their first item, and a cancel in it is as if nobody had asked."""

import pytest
from msgspec import structs

from graveshift.wire.jobs import JobState
from graveshift.wire.runs import RunState
from graveshift.wire.selection import Filter
from tests.front import ALL, ANN, Front, true

REQUEUE, DISCARD = "dlq.requeue", "dlq.discard"
MAIL = {"selection": {"filter": {"queue": "mail"}}}


@pytest.fixture
def patient(front: Front) -> Front:
    """A front whose bulk runs wait for a minute."""
    front.world = structs.replace(front.world, undo_window_s=60)
    return front


@pytest.mark.parametrize("operation", [REQUEUE, DISCARD])
async def test_a_run_that_is_cancelled_in_its_window_has_moved_nothing(patient: Front, operation: str) -> None:
    ids = await patient.letters(3)
    run = await patient.order(operation, MAIL)
    assert run.starts_at is not None
    async with patient.running():
        single = await patient.ended(await patient.order(REQUEUE, {"selection": {"ids": ids[:1]}}))
        assert (single.moved, single.starts_at) == (1, None)
        seen = await patient.seen(run)
        assert (seen.state, seen.started_at, seen.handled) == (RunState.QUEUED, None, 0)
        assert (await patient.desk.steer(run.id, "cancel", ANN)).state is RunState.CANCELLED
    assert await patient.items(run) == []
    assert await patient.letters(0) == ids[1:]
    assert [e.outcome for e in await patient.record() if e.run_id == run.id and e.operation == operation] == [
        "started",
        "cancelled",
    ]


async def test_the_window_outlasts_a_backend_and_the_run_begins_after_it(front: Front) -> None:
    await front.letters(2)
    front.world = structs.replace(front.world, undo_window_s=2)
    run = await front.order(REQUEUE, ALL)
    async with front.running():
        assert (await front.seen(run)).state is RunState.QUEUED
    async with front.running():
        ended = await front.ended(run)
    assert ended.starts_at is not None
    assert ended.started_at is not None
    assert (ended.moved, ended.started_at >= ended.starts_at) == (2, True)


async def test_what_waits_does_not_keep_others_from_beginning(patient: Front) -> None:
    await patient.letters(1, queue="else", kind="send")
    ids = await patient.letters(101)
    waiting = await patient.order(REQUEUE, {"selection": {"filter": {"queue": "else"}}})
    many = await patient.order(REQUEUE, {"selection": {"ids": ids[:101]}})
    assert many.starts_at is not None
    one = await patient.order(REQUEUE, {"selection": {"ids": ids[:1]}})
    async with patient.running():
        await patient.becomes(one, RunState.SUCCEEDED)
    assert (await patient.seen(waiting)).state is RunState.QUEUED


async def test_a_run_that_is_undone_later_brings_back_edits_queues_and_delays(front: Front) -> None:
    ids = await front.letters(3)
    before = [await front.queue.letters.one(id.partition(":")[2]) for id in ids]
    args = {"selection": {"ids": ids}, "queue": "slow", "delay_s": 600, "patch": {"a": 1}, "rate": "unlimited"}
    async with front.running():
        run = await front.ended(await front.order(REQUEUE, args))
        assert (run.moved, run.delay_s, run.due_at) == (3, 600, None), "the run says when what it moved is due"
        jobs = (await front.queue.jobs.page(Filter(queue="slow"), None, 10)).items
        assert [job.state for job in jobs] == [JobState.SCHEDULED] * 3
        detail = await front.queue.jobs.one(jobs[0].id.partition(":")[2])
        assert detail is not None
        assert (bytes(detail.payload), detail.edits[0].by, bytes(detail.edits[0].original)) == (
            b'{"a":1}',
            "ann",
            b"{}",
        )
        undone = await front.ended(await front.order("run.undo", {"run": run.id}))
    assert (undone.moved, undone.gone) == (3, 0)
    assert [await front.queue.letters.one(id.partition(":")[2]) for id in ids] == before


async def test_a_letter_that_no_patch_fits_stays_and_says_why(front: Front) -> None:
    await front.bench.put("[1]", "{}")
    await front.bench.kill(*await front.bench.take(2))
    plan = await front.desk.plan(REQUEUE, {**ALL, "patch": {"a": {"b": 1}}}, ANN)
    assert [(sample.refused, [(c.path, c.before, c.after) for c in sample.changes]) for sample in plan.samples] == [
        ("its payload is no object to merge a patch into", []),
        (None, [("a", None, '{"b":1}')]),
    ]
    async with front.running():
        run = await front.ended(await front.begin(plan))
    assert (run.moved, run.conflict) == (1, 1)
    stuck = [item for item in await front.items(run) if item.outcome == "conflict"]
    assert stuck[0].detail == "its payload is no object to merge a patch into"


async def test_a_run_is_seen_to_wait_until_it_begins(patient: Front) -> None:
    await patient.letters(1)
    run = await patient.order(REQUEUE, ALL)
    assert [one.id for one in await patient.runs.live()] == [run.id]

    async def gone() -> bool:
        return not await patient.runs.live()

    await patient.desk.steer(run.id, "cancel", ANN)
    await true(gone)
