"""What is done to live jobs that no worker has: held, released, buried, made due, purged; and drained queues."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graveshift.driver import Can, Count, Verdict
from graveshift.errors import QueueDraining
from graveshift.touch import Held, Order, Touch
from graveshift.wire.jobs import JobState
from graveshift.wire.selection import Filter
from tests.contract.bench import ALL, Bench, failure, native

SOON = timedelta(minutes=5)


async def touch(bench: Bench, how: Touch, *ids: object, run: int = 9, **order: Any) -> Sequence[Verdict]:
    async with bench.units.open() as unit:
        return await bench.source.touch(unit, [str(id) for id in ids], Order(how, run, **order))


async def outcomes(bench: Bench, how: Touch, *ids: object, **order: Any) -> list[str]:
    return [str(verdict.outcome) for verdict in await touch(bench, how, *ids, **order)]


async def state(bench: Bench, id: int) -> str:
    found = await bench.jobs.one(str(id))
    assert found is not None
    return str(found.state)


async def test_it_can_touch_and_drain(bench: Bench) -> None:
    assert {Can.TOUCH, Can.DRAIN} <= bench.source.can


async def test_a_held_job_is_not_handed_out_and_its_queue_goes_on(bench: Bench) -> None:
    bad, good = await bench.put("1", "2")
    assert await outcomes(bench, Touch.HOLD, bad, reason="the bank is down") == ["moved"]
    assert [job.ticket.id for job in await bench.take()] == [good]
    found = await bench.jobs.one(str(bad))
    assert found is not None
    assert (found.state, found.held_until, found.held_reason) == ("held", None, "the bank is down")


async def test_a_held_job_has_a_counter_of_its_own_and_no_age(bench: Bench) -> None:
    held, _ = await bench.put("1", "2")
    await bench.take(1, kinds=["other"])
    await touch(bench, Touch.HOLD, held)
    for _ in range(2):
        queue = await bench.source.queue("mail")
        assert queue is not None
        assert (queue.waiting, queue.held) == (1, 1)
        assert await bench.depth() == {"held": 1, "waiting": 1, "enqueued": 2}
        assert await bench.jobs.count(Filter(state="held")) == Count(1)
        assert await bench.jobs.count(ALL) == Count(2)
        await bench.upkeep.roll_up()
    await bench.take()
    queue = await bench.source.queue("mail")
    assert queue is not None
    assert queue.oldest_age_s is None


async def test_a_released_job_is_what_it_was_in_its_place(bench: Bench) -> None:
    (retrying,) = await bench.put()
    await bench.work.fail([failure(job.ticket, retry_in_s=60.0) for job in await bench.take()])
    waiting, behind = await bench.put("1", "2")
    (scheduled,) = await bench.put(run_at=datetime.now(UTC) + timedelta(days=1))
    ids = (retrying, waiting, scheduled)
    await touch(bench, Touch.HOLD, *ids)
    assert [await state(bench, id) for id in ids] == ["held"] * 3
    assert await outcomes(bench, Touch.RELEASE, *ids, behind) == ["moved", "moved", "moved", "gone"]
    assert [await state(bench, id) for id in ids] == ["retrying", "waiting", "scheduled"]
    assert [job.ticket.id for job in await bench.take()] == [waiting, behind]


async def test_a_hold_ends_by_itself(bench: Bench) -> None:
    first, second = await bench.put("1", "2")
    await touch(bench, Touch.HOLD, first, until=datetime.now(UTC) - timedelta(seconds=1))
    await touch(bench, Touch.HOLD, second, until=datetime.now(UTC) + timedelta(days=1))
    await bench.upkeep.sweep(3)
    assert [await state(bench, id) for id in (first, second)] == ["waiting", "held"]
    assert [job.ticket.id for job in await bench.take()] == [first]


async def test_holding_again_sets_end_and_reason_anew(bench: Bench) -> None:
    (id,) = await bench.put()
    await touch(bench, Touch.HOLD, id, until=datetime.now(UTC) + SOON, reason="a")
    assert await outcomes(bench, Touch.HOLD, id, reason="b\0") == ["moved"]
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert (found.held_until, found.held_reason) == (None, "b\\x00")


@pytest.mark.parametrize("how", list(Touch))
async def test_what_runs_is_a_conflict_and_what_is_not_there_is_gone(bench: Bench, how: Touch) -> None:
    (dead,) = await bench.dead()
    (ended,) = await bench.put()
    await bench.work.finish([job.ticket for job in await bench.take()], "w")
    (running,) = await bench.put()
    (ticket,) = [job.ticket for job in await bench.take()]
    letter = dead.partition("-")[2]
    assert await outcomes(bench, how, running, ended, letter, running + 1, "x") == ["conflict", *["gone"] * 4]
    assert await state(bench, running) == "running"
    assert list(await bench.work.finish([ticket], "w")) == []


async def test_a_held_job_keeps_its_unique_key(bench: Bench) -> None:
    (id,) = await bench.put(unique_key="k")
    await touch(bench, Touch.HOLD, id)
    assert await bench.put(unique_key="k") == [id]


async def test_a_held_job_can_be_cancelled(bench: Bench) -> None:
    (id,) = await bench.put(unique_key="k")
    await touch(bench, Touch.HOLD, id)
    assert [verdict.outcome for verdict in await bench.cancel(str(id))] == ["moved"]
    assert await state(bench, id) == "cancelled"
    assert await bench.put(unique_key="k") != [id]


async def test_a_requeued_letter_that_is_held_is_recalled(bench: Bench) -> None:
    (letter,) = await bench.dead()
    await bench.move([letter])
    await touch(bench, Touch.HOLD, letter.partition("-")[2])
    fates = await bench.source.fates(7)
    assert fates is not None
    assert fates.waiting == 1
    assert [verdict.outcome for verdict in await bench.recall([letter])] == ["moved"]
    assert await bench.letters.one(letter) is not None


async def test_a_buried_job_is_a_letter_with_the_reason_and_can_be_requeued(bench: Bench) -> None:
    (id,) = await bench.put('{"a":"\\u0000"}', unique_key="k", max_attempts=3)
    for _ in range(2):
        assert await outcomes(bench, Touch.BURY, id, reason="bad batch 17") == ["moved"]
    assert await outcomes(bench, Touch.BURY, id, reason="bad batch 17", run=10) == ["gone"]
    (letter,) = (await bench.letters.page(ALL, None, 10)).items
    assert (letter.error_type, letter.error_message, letter.run_id) == ("buried", "bad batch 17", "9")
    told = await bench.letters.one(native(letter.id))
    assert told is not None
    assert (bytes(told.payload), list(told.history), told.traceback) == (b'{"a":"\\u0000"}', [], None)
    assert await bench.depth() == {"enqueued": 1, "dead": 1}
    assert [verdict.outcome for verdict in await bench.move([native(letter.id)])] == ["moved"]
    (job,) = await bench.take()
    assert (job.ticket.id, job.max_attempts) == (id, 3)


async def test_what_is_buried_for_one_reason_is_one_cause_and_no_failure(bench: Bench) -> None:
    ids = await bench.put("1", "2")
    await touch(bench, Touch.BURY, *ids, reason="bad batch")
    for _ in range(2):
        (group,) = (await bench.letters.groups(ALL, None, 10)).items
        assert (group.error_type, group.message, group.dead, group.per_min) == ("buried", "bad batch", 2, 0.0)
        await bench.upkeep.roll_up()
    pace = await bench.letters.failing()
    assert pace is not None
    assert pace.per_min == 0.0


async def test_what_waits_for_later_is_due_now(bench: Bench) -> None:
    (retrying,) = await bench.put()
    await bench.work.fail([failure(job.ticket, retry_in_s=600.0) for job in await bench.take()])
    waiting, held = await bench.put("1", "2")
    (scheduled,) = await bench.put(run_at=datetime.now(UTC) + timedelta(days=1))
    await touch(bench, Touch.HOLD, held)
    verdicts = await touch(bench, Touch.RETRY, retrying, waiting, held, scheduled)
    assert [str(verdict.outcome) for verdict in verdicts] == ["moved"] * 4
    assert [await state(bench, id) for id in (retrying, waiting, held, scheduled)] == ["retrying", *["waiting"] * 3]
    assert {job.ticket.id for job in await bench.take()} == {retrying, waiting, held, scheduled}


async def test_a_purged_job_is_cancelled(bench: Bench) -> None:
    held, waiting = await bench.put("1", "2")
    await touch(bench, Touch.HOLD, held)
    for _ in range(2):
        assert await outcomes(bench, Touch.PURGE, held, waiting) == ["moved", "moved"]
    assert await outcomes(bench, Touch.PURGE, held, run=10) == ["gone"]
    assert await bench.depth() == {"enqueued": 2, "cancelled": 2}


async def test_a_draining_queue_takes_no_new_jobs_and_finishes_what_it_has(bench: Bench) -> None:
    (id,) = await bench.put()
    async with bench.units.open() as unit:
        await bench.source.drain(unit, "mail", "it\0moves", "ann")
    with pytest.raises(QueueDraining, match="mail"):
        await bench.put()
    await bench.put(queue="else")
    queue = await bench.source.queue("mail")
    assert queue is not None
    assert (queue.draining, queue.draining_by, queue.paused) == (True, "ann", False)
    assert queue.draining_at is not None
    assert queue.draining_reason
    assert "\0" not in queue.draining_reason
    (job,) = await bench.take(queues=["mail"])
    assert job.ticket.id == id
    await bench.work.fail([failure(job.ticket)])
    assert len(await bench.take(queues=["mail"])) == 1
    await bench.resume("mail")
    assert len(await bench.put()) == 1
    queue = await bench.source.queue("mail")
    assert queue is not None
    assert (queue.draining, queue.draining_at, queue.draining_by, queue.draining_reason) == (False, None, None, None)


async def test_draining_again_tells_who_and_why_anew_and_since_when_as_before(bench: Bench) -> None:
    told = []
    for reason, actor in (("it moves", "ann"), (None, "bob")):
        async with bench.units.open() as unit:
            await bench.source.drain(unit, "mail", reason, actor)
        queue = await bench.source.queue("mail")
        assert queue is not None
        told.append((queue.draining_by, queue.draining_reason, queue.draining_at))
    (_, _, since), again = told
    assert told[0][:2] == ("ann", "it moves")
    assert again == ("bob", None, since)


async def test_a_queue_says_when_its_last_hold_ends_or_that_one_has_no_end(bench: Bench) -> None:
    first, second = await bench.put("1", "2")
    await bench.put(queue="else")
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    seen = []
    for job, until in ((first, end - timedelta(minutes=9)), (second, end), (first, None)):
        await touch(bench, Touch.HOLD, job, until=until)
        queue = await bench.source.queue("mail")
        assert queue is not None
        seen.append((queue.held, queue.held_until))
    assert seen == [(1, end - timedelta(minutes=9)), (2, end), (2, None)]
    other = await bench.source.queue("else")
    assert other is not None
    assert (other.held, other.held_until) == (0, None)


async def test_one_draining_queue_refuses_the_whole_batch(bench: Bench) -> None:
    async with bench.units.open() as unit:
        await bench.source.drain(unit, "mail", None, "ann")
    with pytest.raises(QueueDraining):
        await bench.put(unique_key="k")
    assert (await bench.jobs.page(ALL, None, 10)).items == []


async def test_a_list_of_jobs_says_until_when_they_are_held(bench: Bench) -> None:
    (id,) = await bench.put()
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for until in (end, None):
        await touch(bench, Touch.HOLD, id, until=until)
        (job,) = (await bench.jobs.page(ALL, None, 10)).items
        assert (job.state, job.held_until) == (JobState.HELD, until)
    await touch(bench, Touch.RELEASE, id)
    (job,) = (await bench.jobs.page(ALL, None, 10)).items
    assert (job.state, job.held_until) == (JobState.WAITING, None)


async def test_it_tells_how_many_are_held_alike_the_most_first(bench: Bench) -> None:
    one, two, three, free = await bench.put("1", "2", "3", "4")
    end = datetime.now(UTC) + SOON
    await touch(bench, Touch.HOLD, one, two, reason="a")
    await touch(bench, Touch.HOLD, three, until=end)
    every = [str(id) for id in (one, two, three, free)]
    assert await bench.jobs.holds([*every, "none"]) == [Held(2, None, "a"), Held(1, end)]
    assert await bench.jobs.holds([str(free)]) == []
