"""Discard, restore, empty and undo as runs: planned in words, carried in chunks, and nothing lost on the way."""

import asyncio

import pytest

from graveshift.driver import Can
from graveshift.errors import Invalid, Unsupported
from graveshift.wire.runs import Outcome, RunState
from tests.contract.bench import ALL as EVERY
from tests.front import ALL, ANN, Front, true

DISCARD, RESTORE, EMPTY, UNDO, REQUEUE = "dlq.discard", "dlq.restore", "trash.empty", "run.undo", "dlq.requeue"


async def trash(front: Front) -> list[str]:
    return [letter.id for letter in (await front.queue.trash.page(EVERY, None, 1000)).items]


async def test_a_plan_to_discard_says_how_long_and_that_no_disk_is_freed(front: Front) -> None:
    await front.letters(1)
    plan = await front.desk.plan(DISCARD, ALL, ANN)
    assert "kept in the trash for 7 days" in plan.effects[1].change
    assert "disk" in plan.effects[1].change


async def test_a_system_without_a_trash_is_said_to_discard_for_good(front: Front) -> None:
    await front.letters(1)
    front.queue.source.can = front.queue.source.can - {Can.TRASH}
    plan = await front.desk.plan(DISCARD, ALL, ANN)
    assert "no trash" in plan.effects[1].change
    with pytest.raises(Unsupported):
        await front.desk.plan(RESTORE, {"selection": {"filter": {"system": "native"}}}, ANN)


async def test_discarded_letters_are_restored_by_filter_by_run_and_by_id(front: Front) -> None:
    ids = await front.letters(3) + await front.letters(0)
    ids = sorted(set(ids))
    async with front.running():
        first = await front.ended(await front.order(DISCARD, {"selection": {"ids": ids[:1]}}))
        await front.ended(await front.order(DISCARD, ALL))
        assert await front.letters(0) == []
        run = await front.ended(await front.order(RESTORE, {"selection": {"filter": {"run_id": first.id}}}))
        assert (run.moved, await front.letters(0)) == (1, ids[:1])
        run = await front.ended(await front.order(RESTORE, {"selection": {"ids": [ids[0], ids[1]]}}))
        assert (run.moved, run.gone) == (1, 1)
        run = await front.ended(await front.order(RESTORE, {"selection": {"filter": {"queue": "mail"}}}))
        assert (run.moved, sorted(await front.letters(0)), await trash(front)) == (1, ids, [])


async def test_a_condition_that_means_nothing_in_the_trash_is_refused(front: Front) -> None:
    for operation in (RESTORE, EMPTY):
        with pytest.raises(Invalid, match="state"):
            await front.desk.plan(operation, {"selection": {"filter": {"state": "held"}}}, ANN)


async def test_emptying_asks_for_the_environment_and_leaves_nothing(front: Front) -> None:
    await front.letters(3)
    async with front.running():
        await front.ended(await front.order(DISCARD, ALL))
        plan = await front.desk.plan(EMPTY, ALL, ANN)
        assert (plan.phrase, plan.count) == ("TEST", 3)
        run = await front.ended(await front.begin(plan))
    assert (run.state, run.moved, await trash(front)) == (RunState.SUCCEEDED, 3, [])


async def test_an_undo_of_a_discard_restores_what_is_left_and_says_how_many_are_too_late(front: Front) -> None:
    ids = await front.letters(5)
    async with front.running():
        run = await front.ended(await front.order(DISCARD, ALL))
        await front.ended(await front.order(EMPTY, {"selection": {"ids": ids[:2]}}))
        await front.ended(await front.order(RESTORE, {"selection": {"ids": ids[2:3]}}))
        await front.ended(await front.order(DISCARD, {"selection": {"ids": ids[2:3]}}))
        plan = await front.desk.plan(UNDO, {"run": run.id}, ANN)
        assert [(effect.subject.split(" of ")[0], effect.change[:4]) for effect in plan.effects] == [
            ("2", "back"),
            ("3", "left"),
        ]
        undone = await front.ended(await front.begin(plan))
    assert (plan.count, undone.moved, undone.gone) == (2, 2, 3)
    assert sorted(await front.letters(0)) == sorted(ids[3:])
    assert await trash(front) == ids[2:3]


async def test_a_carrier_that_is_killed_between_chunks_loses_nothing(front: Front) -> None:
    """Discard, restore and erase are each cut off while under way and taken up by another."""
    ids = sorted(await front.letters(400))
    for operation, total in ((DISCARD, 400), (RESTORE, 400), (DISCARD, 400), (EMPTY, 400)):
        run = await front.order(operation, ALL)
        runner, stop = front.runner(lease_s=0.5, chunk=5), asyncio.Event()
        task = asyncio.create_task(runner.run_forever(stop))

        async def begun(run: object = run) -> bool:
            return (await front.seen(run)).moved > 0  # type: ignore[arg-type]

        await true(begun, what="a chunk is committed")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        places = len(await front.letters(0)) + len(await trash(front))
        assert places == 400 or operation == EMPTY
        async with front.running(lease_s=0.5, chunk=50):
            run = await front.ended(run)
        assert (run.state, run.moved, run.gone, run.failed) == (RunState.SUCCEEDED, total, 0, 0)
        items = await front.items(run)
        assert sorted(item.id for item in items) == ids
        assert {item.outcome for item in items} == {Outcome.MOVED}
    assert await front.letters(0) == await trash(front) == []


async def test_what_was_restored_and_requeued_cannot_be_restored_again(front: Front) -> None:
    await front.letters(2)
    async with front.running():
        run = await front.ended(await front.order(DISCARD, ALL))
        await front.ended(await front.order(RESTORE, ALL))
        await front.ended(await front.order(REQUEUE, {**ALL, "rate": "unlimited"}))
        plan = await front.desk.plan(UNDO, {"run": run.id}, ANN)
        undone = await front.ended(await front.begin(plan))
    assert (plan.count, undone.moved, undone.gone) == (0, 0, 2)
    assert await front.bench.depth() == {"waiting": 2, "enqueued": 2, "failed": 2, "died": 2, "requeued": 2}
