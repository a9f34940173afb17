"""Who is there to work: a worker's word holds for its lease, and the dead are not counted."""

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
    await bench.work.beat(WORKER, [], lease_s, "running", 0)


async def test_a_worker_is_silent_after_a_lease_and_its_queue_does_not_count_it(bench: Bench) -> None:
    await there(bench, lease_s=5)
    assert await standing(bench) == ("running", 1)
    await bench.units.hush(6)
    assert await standing(bench) == ("silent", 0)
    await bench.work.beat(WORKER, [], 5, "running", 0)
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
    await bench.work.beat(WORKER, [], 5, "running", 0)
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
