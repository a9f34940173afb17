"""What housekeeping does for jobs whose workers vanished, and for counters."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from graveshift.work import Claimed, Condition
from tests.contract.bench import ALL, WORKER, Bench, failure
from tests.waiting import until

LIMIT = 3


async def crash(bench: Bench, *, begin: int = 10, worker: UUID = WORKER) -> list[Claimed]:
    """A worker claims what there is, begins `begin` of it, and is never heard of again."""
    claimed = list(await bench.take(lease_s=0.0, begin=begin, worker=worker))
    alone = [job.ticket for job in claimed if job.alone and begin]
    assert list(await bench.work.begin(alone)) == []
    assert await bench.upkeep.sweep(LIMIT) == len(claimed)
    return claimed


async def test_a_lease_that_holds_is_not_swept(bench: Bench) -> None:
    await bench.put()
    await bench.take(begin=1)
    assert await bench.upkeep.sweep(LIMIT) == 0
    assert (await bench.depth())["running"] == 1


async def test_an_unstarted_job_of_a_lost_worker_is_released_uncounted(bench: Bench) -> None:
    (id,) = await bench.put(max_attempts=1)
    await crash(bench, begin=0)
    assert await bench.depth() == {"waiting": 1, "enqueued": 1}
    (job,) = await bench.take()
    assert (job.ticket.id, job.ticket.attempt, job.max_attempts, job.alone) == (id, 2, 2, False)


async def test_the_fence_of_a_swept_claim_is_gone(bench: Bench) -> None:
    await bench.put()
    (job,) = await crash(bench)
    assert list(await bench.work.finish([job.ticket], "w")) == [job.ticket]
    assert (await bench.work.beat(WORKER, [job.ticket], 60.0, Condition(running=1))).lost == [job.ticket]
    (again,) = await bench.take(worker=UUID(int=2))
    assert list(await bench.work.finish([job.ticket], "w")) == [job.ticket]
    assert list(await bench.work.finish([again.ticket], "w")) == []


async def test_a_suspect_runs_alone(bench: Bench) -> None:
    first, second = await bench.put("1", "2")
    await crash(bench, begin=1)
    (fresh,) = await bench.put("3", priority=1)
    assert [(job.ticket.id, job.alone) for job in await bench.take(1)] == [(fresh, False)]
    batches = [await bench.take() for _ in range(3)]
    assert [[(job.ticket.id, job.alone) for job in batch] for batch in batches] == [
        [(second, False)],
        [(first, True)],
        [],
    ]


async def test_a_claim_without_suspects_passes_them_over_wherever_they_stand(bench: Bench) -> None:
    suspects = await bench.put(*["{}"] * 60)
    for _ in range(6):
        await crash(bench)
    low = await bench.put("1", "2", priority=-1)
    high = await bench.put("3", queue="else", priority=5)
    assert [job.ticket.id for job in await bench.take(2, suspects=False)] == [*high, low[0]]
    assert [(job.ticket.id, job.alone) for job in await bench.take(2, suspects=False)] == [(low[1], False)]
    assert await bench.take(suspects=False) == []
    assert [(job.ticket.id, job.alone) for job in await bench.take()] == [(suspects[0], True)]


async def test_a_claim_without_suspects_finds_a_limited_queues_room_for_the_job_behind_one(bench: Bench) -> None:
    await bench.put("1", "2", priority=1)
    await crash(bench, begin=2)
    (other,) = await bench.put("3")
    await bench.limit(concurrency=1)
    assert [job.ticket.id for job in await bench.take(suspects=False)] == [other]
    assert await bench.take() == []


async def test_a_suspect_is_not_begun_by_its_claim(bench: Bench) -> None:
    await bench.put()
    await crash(bench)
    await bench.take(begin=10, lease_s=0.0)
    assert await bench.upkeep.sweep(LIMIT) == 1
    for _ in range(5):
        await crash(bench, begin=0)
    assert (await bench.depth())["retrying"] == 1


async def test_the_third_lone_crash_is_poison(bench: Bench) -> None:
    (id,) = await bench.put('{"a":"\\u0000"}', max_attempts=9)
    assert [(await crash(bench))[0].alone for _ in range(4)] == [False, True, True, True]
    assert await bench.take() == []
    (letter,) = (await bench.letters.page(ALL, None, 10)).items
    assert (letter.job_id, letter.error_type, letter.attempts) == (f"here:{id}", "poison", 4)
    detail = await bench.letters.one(letter.id.partition(":")[2])
    assert detail is not None
    assert [tried.error_type for tried in detail.history] == ["WorkerCrashed"] * 3 + ["poison"]
    assert detail.payload is not None
    assert bytes(detail.payload) == b'{"a":"\\u0000"}'
    groups = (await bench.letters.groups(ALL, None, 10)).items
    assert [(group.error_type, group.dead, group.retrying) for group in groups] == [("poison", 1, 0)]


async def test_a_crash_in_the_last_attempt_dies(bench: Bench) -> None:
    await bench.put(max_attempts=1)
    await crash(bench)
    (letter,) = (await bench.letters.page(ALL, None, 10)).items
    assert letter.error_type == "WorkerCrashed"


async def test_an_ordinary_failure_clears_the_suspicion(bench: Bench) -> None:
    await bench.put()
    await crash(bench)
    (job,) = await bench.take()
    assert job.alone
    await bench.work.fail([failure(job.ticket)])
    (job,) = await bench.take()
    assert not job.alone


async def test_a_crashed_job_that_was_to_be_cancelled_is_cancelled(bench: Bench) -> None:
    (id,) = await bench.put()
    await bench.take(lease_s=0.0, begin=1)
    await bench.cancel(str(id))
    assert await bench.upkeep.sweep(LIMIT) == 1
    assert await bench.depth() == {"enqueued": 1, "cancelled": 1}


async def test_a_scheduled_job_whose_time_has_come_waits(bench: Bench) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await bench.put(run_at=soon)
    assert (await bench.depth())["scheduled"] == 1

    async def promoted() -> bool:
        await bench.upkeep.sweep(LIMIT)
        return await bench.depth() == {"waiting": 1, "enqueued": 1}

    await until(promoted)


async def test_a_roll_up_changes_no_number(bench: Bench) -> None:
    letters = await bench.dead(3)
    await bench.put("1", "2", queue="else")
    await bench.move(letters[:1])
    before = (await bench.upkeep.counters()).depth
    groups = (await bench.letters.groups(ALL, None, 10)).items
    assert await bench.upkeep.roll_up() > 0
    assert await bench.upkeep.roll_up() == 0
    assert {key: n for key, n in before.items() if n} == {
        key: n for key, n in (await bench.upkeep.counters()).depth.items() if n
    }
    (rolled,) = (await bench.letters.groups(ALL, None, 10)).items
    (fresh,) = groups
    assert (rolled.id, rolled.dead, rolled.message) == (fresh.id, fresh.dead, fresh.message)
    assert (rolled.first_seen, rolled.last_seen) == (fresh.first_seen, fresh.last_seen)
    assert rolled.trend is not None
    assert sum(rolled.trend) == sum(fresh.trend or [])


async def test_events_only_grow(bench: Bench) -> None:
    (letter,) = await bench.dead()
    await bench.move([letter])
    (job,) = await bench.take()
    await bench.work.finish([job.ticket], "w")
    assert await bench.depth() == {"enqueued": 1, "failed": 1, "died": 1, "requeued": 1, "finished": 1}


async def test_the_oldest_age_is_that_of_a_due_job(bench: Bench) -> None:
    await bench.put(run_at=datetime.now(UTC) + timedelta(days=1), queue="tomorrow")
    await bench.put(priority=9)
    await bench.put(priority=-9)
    await bench.put(queue="taken")
    await bench.take(queues=["taken"])
    ages = (await bench.upkeep.counters()).oldest_age_s
    assert set(ages) == {"mail"}
    assert 0 <= ages["mail"] < 60
    found = await bench.source.queue("mail")
    assert found is not None
    assert found.oldest_age_s is not None
    assert found.oldest_age_s >= ages["mail"]


async def test_pruning_an_even_house_keeps_what_is_kept(bench: Bench) -> None:
    await bench.dead(2)
    await bench.put()
    depth = await bench.depth()
    await bench.prune(14)
    assert await bench.prune(14) == 0
    assert await bench.depth() == depth
    assert len((await bench.letters.page(ALL, None, 10)).items) == 2
