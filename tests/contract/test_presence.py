"""Who is there to work: a worker's word holds for its lease, and the dead are not counted."""

from graveshift.driver import Can
from graveshift.wire.workers import Wish, WorkerState
from graveshift.work import Condition
from tests.contract.bench import WORKER, Bench


async def standing(bench: Bench) -> tuple[str | None, int]:
    """The only worker's state, and how many workers its queue has."""
    (worker,) = await bench.source.workers()
    queue = await bench.source.queue("mail")
    assert queue is not None
    return worker.state, queue.workers or 0


async def there(bench: Bench, lease_s: float) -> None:
    await bench.put()
    await bench.work.register(WORKER, "host", 1, "1.0", ["mail"])
    await bench.work.beat(WORKER, [], lease_s, Condition())


async def test_a_worker_is_silent_after_a_lease_and_its_queue_does_not_count_it(bench: Bench) -> None:
    await there(bench, lease_s=5)
    assert await standing(bench) == ("running", 1)
    await bench.units.hush(6)
    assert await standing(bench) == ("silent", 0)
    await bench.work.beat(WORKER, [], 5, Condition())
    assert await standing(bench) == ("running", 1)


async def test_a_worker_with_a_long_lease_is_heard_of_less_often(bench: Bench) -> None:
    await there(bench, lease_s=600)
    await bench.units.hush(400)
    await bench.upkeep.sweep(3)
    assert await standing(bench) == ("running", 1)


async def test_a_worker_silent_for_minutes_is_forgotten_and_known_again_when_it_wakes(bench: Bench) -> None:
    await there(bench, lease_s=5)
    await bench.units.hush(200)
    await bench.upkeep.sweep(3)
    assert await standing(bench) == ("silent", 0)
    await bench.units.hush(120)
    await bench.upkeep.sweep(3)
    assert await bench.source.workers() == []
    await bench.work.beat(WORKER, [], 5, Condition())
    assert await standing(bench) == ("running", 1)


async def test_a_silent_worker_stays_while_a_job_is_in_its_name(bench: Bench) -> None:
    await there(bench, lease_s=5)
    (job,) = await bench.take(lease_s=3600)
    await bench.units.hush(400)
    await bench.upkeep.sweep(3)
    assert await standing(bench) == ("silent", 0)
    await bench.work.finish([job.ticket], "host:1")
    await bench.upkeep.sweep(3)
    assert await bench.source.workers() == []


async def told(bench: Bench, wish: Wish, worker: str = str(WORKER)) -> tuple[str, Wish]:
    """What became of telling it, and what it hears."""
    async with bench.units.open() as unit:
        verdict = await bench.source.steer(unit, worker, wish, "ana")
    return verdict.outcome, await bench.work.heed(WORKER)


async def test_a_worker_hears_what_operators_want_and_who_wants_it(bench: Bench) -> None:
    assert Can.STEER in bench.source.can
    await there(bench, lease_s=5)
    assert await bench.work.heed(WORKER) is Wish.RUN
    assert await told(bench, Wish.QUIET) == ("moved", Wish.QUIET)
    assert await told(bench, Wish.QUIET) == ("moved", Wish.QUIET)
    (worker,) = await bench.source.workers()
    assert (worker.wish, worker.wished_by) == (Wish.QUIET, "ana")
    assert await told(bench, Wish.RUN) == ("moved", Wish.RUN)


async def test_a_worker_that_was_told_to_end_is_only_ever_hurried(bench: Bench) -> None:
    await there(bench, lease_s=5)
    assert await told(bench, Wish.DRAIN) == ("moved", Wish.DRAIN)
    assert await told(bench, Wish.RUN) == ("conflict", Wish.DRAIN)
    assert await told(bench, Wish.STOP) == ("moved", Wish.STOP)
    assert await told(bench, Wish.DRAIN) == ("conflict", Wish.STOP)


async def test_nobody_steers_a_worker_that_is_silent_or_was_never_there(bench: Bench) -> None:
    await there(bench, lease_s=5)
    for nobody in ("00000000-0000-0000-0000-00000000dead", "not an id"):
        assert (await told(bench, Wish.STOP, nobody))[0] == "gone"
    await bench.units.hush(6)
    assert (await told(bench, Wish.STOP))[0] == "gone"


async def test_a_heartbeat_tells_memory_state_and_what_runs(bench: Bench) -> None:
    await there(bench, lease_s=5)
    (job,) = await bench.take(lease_s=60)
    await bench.work.beat(WORKER, [job.ticket], 5, Condition(WorkerState.QUIET, 1, 12_345_678))
    (worker,) = await bench.source.workers()
    assert (worker.state, worker.running, worker.memory_bytes) == (WorkerState.QUIET, 1, 12_345_678)
    assert worker.jobs == [f"{bench.source.system}:{job.ticket.id}"]
