"""What every queue promises of jobs that a run moved: they can go ahead, and what becomes of them is told."""

from datetime import UTC, datetime, timedelta

from graveshift.driver import Fates
from graveshift.trial import Firsts, Trial
from graveshift.wire.runs import Fate
from tests.contract.bench import ALL, Bench, failure, native

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


async def test_a_lifted_job_goes_before_any_priority(bench: Bench) -> None:
    letter, job = await _requeued(bench, priority=-100)
    await bench.put("1", priority=100)
    await bench.lift(job)
    (first,) = await bench.take(1)
    assert (str(first.ticket.id), first.priority, letter.partition("-")[2]) == (job, -100, job)


async def test_what_producers_enqueue_is_counted_and_what_is_requeued_is_not(bench: Bench) -> None:
    before = await bench.trials.enqueued()
    await _requeued(bench)
    await bench.put("1", "2")
    assert await bench.trials.enqueued() - before == 3


async def test_a_lifted_job_goes_past_a_pause_and_nothing_else_does(bench: Bench) -> None:
    _, job = await _requeued(bench)
    await bench.put("1", priority=100)
    await bench.pause("mail")
    assert not await bench.take()
    await bench.lift(job)
    assert [str(claimed.ticket.id) for claimed in await bench.take()] == [job]
    assert not await bench.take()


async def test_a_lifted_job_heeds_limits_and_holds(bench: Bench) -> None:
    _, job = await _requeued(bench)
    await bench.put("1")
    await bench.limit(concurrency=1)
    (running,) = await bench.take()
    await bench.lift(job)
    assert not await bench.take()
    await bench.work.finish([running.ticket], "w")
    assert len(await bench.take()) == 1


async def test_its_own_priority_is_back_when_a_worker_has_it(bench: Bench) -> None:
    _, job = await _requeued(bench, priority=7)
    await bench.lift(job)
    await bench.lift(job)
    shown = await bench.jobs.one(job)
    assert shown is not None
    assert shown.priority == 7
    (claimed,) = await bench.take()
    assert claimed.priority == 7
    await bench.work.release([claimed.ticket])
    await bench.put("1", priority=8)
    assert [claimed.priority for claimed in await bench.take(1)] == [8]
    await bench.lift(job)
    (claimed,) = await bench.take()
    assert not await bench.work.fail([failure(claimed.ticket, retry_in_s=0.0)])
    await bench.put("1", priority=9)
    assert [claimed.priority for claimed in await bench.take(1)] == [9]


async def test_what_leaves_before_it_is_claimed_has_its_own_priority(bench: Bench) -> None:
    _, job = await _requeued(bench, priority=7)
    await bench.lift(job)
    await bench.cancel(job)
    shown = await bench.jobs.one(job)
    assert shown is not None
    assert (shown.state, shown.priority) == ("cancelled", 7)


async def test_a_lifted_job_can_be_recalled_and_lifted_no_more(bench: Bench) -> None:
    letter, job = await _requeued(bench)
    await bench.lift(job)
    assert [verdict.outcome for verdict in await bench.recall([letter])] == ["moved"]
    await bench.lift(job)
    assert await bench.fates(job) == ["gone"]
    assert [verdict.outcome for verdict in await bench.move([letter])] == ["moved"]
    await bench.pause("mail")
    assert not await bench.take()


async def test_only_the_run_that_requeued_it_lifts_it(bench: Bench) -> None:
    _, job = await _requeued(bench)
    await bench.pause("mail")
    await bench.lift(job, run=8)
    await bench.lift("0", "x", "9" * 40)
    assert not await bench.take()


async def test_put_back_it_waits_in_its_place(bench: Bench) -> None:
    _, job = await _requeued(bench)
    await bench.lift(job)
    await bench.lift(job, ahead=False)
    await bench.pause("mail")
    assert not await bench.take()
    await bench.resume("mail")
    assert [str(claimed.ticket.id) for claimed in await bench.take()] == [job]


async def test_fates_are_told_in_order_and_a_first_failure_stays_one(bench: Bench) -> None:
    letters = await bench.dead(4)
    jobs = [letter.partition("-")[2] for letter in letters]
    await bench.move(letters)
    assert await bench.fates(*reversed(jobs), "0", "x") == ["waiting"] * 4 + ["gone"] * 2
    done, failed, dead, running = await bench.take(4)
    await bench.work.finish([done.ticket], "w")
    await bench.kill(dead)
    assert not await bench.work.fail([failure(failed.ticket)])
    told = dict(zip(jobs, await bench.fates(*jobs), strict=True))
    assert [told[str(claimed.ticket.id)] for claimed in (done, failed, dead, running)] == [
        "done",
        "failed",
        "failed",
        "running",
    ]
    (again,) = await bench.take(4)
    await bench.work.finish([again.ticket], "w")
    assert await bench.fates(str(again.ticket.id)) == ["failed"]
    finished = str(done.ticket.id)
    assert await bench.trials.trials([finished], 7) == [Trial(finished, Fate.DONE, "mail")]


async def test_first_attempts_are_counted_once_and_the_newest_only(bench: Bench) -> None:
    await bench.move(await bench.dead(6))
    claimed = await bench.take(6)
    assert not await bench.work.fail([failure(job.ticket) for job in claimed[:2]])
    await bench.kill(claimed[2])
    await bench.work.finish([job.ticket for job in claimed[3:]], "w")
    assert await bench.trials.firsts(7, 100, LONG_AGO) == Firsts(6, 3)
    again = await bench.take(6)
    assert not await bench.work.fail([failure(again[0].ticket)])
    await bench.work.finish([again[1].ticket], "w")
    assert await bench.trials.firsts(7, 100, LONG_AGO) == Firsts(6, 3)
    assert await bench.trials.firsts(7, 3, LONG_AGO) == Firsts(3, 0)
    assert await bench.trials.firsts(8, 100, LONG_AGO) == Firsts(0, 0)
    assert await bench.trials.firsts(7, 100, datetime.now(UTC) + timedelta(hours=1)) == Firsts(0, 0)


async def test_a_crash_is_a_failed_first_attempt_and_a_cancelled_job_is_none(bench: Bench) -> None:
    await bench.move(await bench.dead(2))
    crashed, cancelled = await bench.take(2, lease_s=0.01, begin=2)
    await bench.cancel(str(cancelled.ticket.id))
    assert not await bench.work.cancelled([cancelled.ticket], "w")
    while not await bench.upkeep.sweep(3):
        pass
    assert await bench.fates(str(crashed.ticket.id), str(cancelled.ticket.id)) == ["failed", "gone"]
    assert await bench.trials.firsts(7, 100, LONG_AGO) == Firsts(1, 1)


async def _requeued(bench: Bench, **fields: int) -> tuple[str, str]:
    """A letter that run 7 requeued: its native id and that of its job."""
    (letter,) = await bench.dead(1, **fields)
    (verdict,) = await bench.move([letter])
    assert verdict.outcome == "moved"
    return letter, letter.partition("-")[2]


async def test_fates_are_told_from_the_counts_that_a_run_is_told_by_whoever_moved_its_jobs_on(bench: Bench) -> None:
    letters = await bench.dead(4)
    await bench.move(letters, run=11)
    done, died, retried = await bench.take(3)
    await bench.work.finish([done.ticket], "w")
    await bench.kill(died)
    await bench.work.fail([failure(retried.ticket, retry_in_s=60.0)])
    (again, *_) = (await bench.letters.page(ALL, None, 10)).items
    await bench.move([native(again.id)], run=12)
    for _ in range(2):
        fates, told = await bench.source.fates(11), (await bench.trials.became([11]))[11]
        assert fates == Fates(waiting=1, running=0, done=1, dead=1, retrying=1)
        assert (fates.done, fates.dead, fates.waiting + fates.running + fates.retrying) == (1, told.died, told.waiting)
        assert await bench.source.fates(12) == Fates(waiting=1, running=0, done=0, dead=0)
        await bench.upkeep.roll_up()
