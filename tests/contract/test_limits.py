"""What a limited queue hands out: never more at once, never faster, and nothing of its neighbours' turn."""

from typing import Any

import pytest

from graveshift.wire.queues import Limit, Queue
from tests.contract.bench import Bench, failure, stranger


async def ids(bench: Bench, limit: int = 10, **wish: object) -> list[int]:
    return [job.ticket.id for job in await bench.take(limit, **wish)]


async def seen(bench: Bench, queue: str = "mail") -> Queue:
    found = await bench.source.queue(queue)
    assert found is not None
    return found


async def test_no_more_run_at_once_than_the_limit(bench: Bench) -> None:
    await bench.put(*["{}"] * 9)
    await bench.limit(concurrency=4)
    first = await bench.take()
    assert len(first) == 4
    assert await ids(bench) == []
    await bench.work.finish([job.ticket for job in first[:2]], "w")
    await bench.work.release([first[2].ticket])
    assert len(await ids(bench)) == 3
    assert (await seen(bench)).running == 4


async def test_every_end_of_an_attempt_gives_its_place_back(bench: Bench) -> None:
    await bench.put(*["{}"] * 6)
    await bench.limit(concurrency=1)
    (job,) = await bench.take()
    await bench.work.fail([failure(job.ticket, retry_in_s=3600)])
    (job,) = await bench.take()
    await bench.kill(job)
    (job,) = await bench.take()
    await bench.work.cancelled([job.ticket], "w")
    await bench.take(lease_s=0.0)
    assert await ids(bench) == []
    assert await bench.upkeep.sweep(3) == 1
    assert len(await ids(bench)) == 1


async def test_a_stale_end_gives_no_place_back(bench: Bench) -> None:
    await bench.put("1", "2")
    await bench.limit(concurrency=1)
    (job,) = await bench.take()
    assert await bench.work.finish([stranger(job.ticket)], "w")
    assert await ids(bench) == []


async def test_no_more_start_than_the_burst_and_then_one_for_each_part_of_a_second(bench: Bench) -> None:
    await bench.put(*["{}"] * 20)
    await bench.limit(per_s=0.01, burst=3)
    assert [len(await ids(bench, 2)) for _ in range(3)] == [2, 1, 0]
    await bench.units.rest(100)
    assert [len(await ids(bench)) for _ in range(2)] == [1, 0]
    await bench.units.rest(10_000)
    assert [len(await ids(bench)) for _ in range(2)] == [3, 0]


async def test_what_was_not_handed_out_is_not_spent(bench: Bench) -> None:
    await bench.limit(per_s=0.01, burst=3)
    await bench.put("1")
    assert len(await ids(bench)) == 1
    assert await ids(bench) == []
    await bench.put("2", "3", "4")
    assert [len(await ids(bench)) for _ in range(2)] == [2, 0]


async def test_a_release_does_not_give_back_what_was_spent(bench: Bench) -> None:
    await bench.put("1")
    await bench.limit(per_s=0.01, burst=1)
    (job,) = await bench.take()
    await bench.work.release([job.ticket])
    assert await ids(bench) == []


async def test_both_limits_hold_together(bench: Bench) -> None:
    await bench.put(*["{}"] * 9)
    await bench.limit(concurrency=2, per_s=0.01, burst=3)
    first = await bench.take()
    assert len(first) == 2
    await bench.work.finish([job.ticket for job in first], "w")
    assert [len(await ids(bench)) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("limit", [{"concurrency": 1}, {"per_s": 0.01, "burst": 1}])
async def test_a_queue_at_its_limit_keeps_nobody_behind_it_waiting(bench: Bench, limit: dict[str, Any]) -> None:
    await bench.put(*["{}"] * 200, priority=10)
    await bench.limit(**limit)
    other = await bench.put("1", "2", "3", queue="other")
    assert (await ids(bench))[1:] == other
    await bench.put("4", queue="other")
    assert len(await ids(bench)) == 1
    assert await ids(bench, queues=["mail"]) == []


async def test_a_limited_queue_keeps_its_turn_among_others(bench: Bench) -> None:
    first = await bench.put("1", "2")
    await bench.put("3", queue="other")
    await bench.limit(concurrency=2)
    assert await ids(bench, 2) == first


async def test_a_suspect_of_a_limited_queue_goes_out_alone(bench: Bench) -> None:
    await bench.put("1", "2")
    await bench.limit(concurrency=2, per_s=0.01, burst=3)
    await bench.take(1, lease_s=0.0, begin=1)
    await bench.upkeep.sweep(3)
    others = await bench.take()
    assert [job.alone for job in others] == [False]
    (suspect,) = await bench.take()
    assert suspect.alone


async def test_a_limit_that_is_raised_or_lifted_holds_from_the_next_claim(bench: Bench) -> None:
    await bench.put(*["{}"] * 30)
    await bench.limit(concurrency=1, per_s=0.01, burst=1)
    assert [len(await ids(bench)) for _ in range(2)] == [1, 0]
    await bench.limit(concurrency=5)
    assert len(await ids(bench)) == 4
    await bench.limit(concurrency=2)
    assert await ids(bench) == []
    await bench.limit()
    assert len(await ids(bench)) == 10


async def test_the_same_limit_again_is_no_new_burst_and_a_slow_one_no_debt(bench: Bench) -> None:
    await bench.put(*["{}"] * 30)
    for _ in range(2):
        await bench.limit(per_s=0.01, burst=2)
        await ids(bench)
    assert (await seen(bench)).running == 2
    await bench.limit(per_s=1000, burst=2)
    await bench.units.rest(0.002)
    assert await ids(bench) != []


async def test_a_queue_shows_its_limit_by_whom_and_why(bench: Bench) -> None:
    await bench.put()
    assert (await seen(bench)).limit is None
    await bench.limit(concurrency=4, per_s=2.5, burst=3)
    limit = (await seen(bench)).limit
    assert limit is not None
    assert limit.at is not None
    assert limit == Limit(4, 2.5, 3, "ann", "bank", limit.at)
    await bench.limit()
    assert (await seen(bench)).limit is None


async def test_a_queue_can_be_limited_before_its_first_job(bench: Bench) -> None:
    await bench.limit("soon", concurrency=1)
    assert (await seen(bench, "soon")).limit is not None
    await bench.put("1", "2", queue="soon")
    assert len(await ids(bench)) == 1
