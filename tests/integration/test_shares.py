"""Workers with shares on a real queue: by weight, in strict order, within places of one queue and the fleet's limit."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from graveshift.settings import Share, WorkerSettings
from graveshift.store.engine import open_unit
from graveshift.wire.jobs import NewJob
from graveshift.wire.queues import Limit
from graveshift.worker import Job, Worker
from tests.workshop import Workshop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


class Log:
    """A handler that remembers whose jobs it began, and how many of each ran at once."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def __call__(self, job: Job) -> None:
        self.began.append(job.queue)

    async def slowly(self, job: Job) -> None:
        self.running[job.queue] += 1
        self.most[job.queue] = max(self.most[job.queue], self.running[job.queue])
        self.began.append(job.queue)
        await asyncio.sleep(0.002)
        self.running[job.queue] -= 1


async def put(shop: Workshop, n: int, queue: str, priority: int = 0) -> None:
    await shop.queue.work.enqueue([NewJob(queue=queue, kind="k", priority=priority) for _ in range(n)])


async def done(shop: Workshop, n: int) -> bool:
    return await shop.count("done") >= n


async def test_a_busy_queue_gets_its_share_and_no_more(shop: Workshop) -> None:
    await put(shop, 400, "mail", priority=100)
    await put(shop, 400, "reports")
    log = Log()
    async with shop.worker({"k": log}, queues={"mail": Share(weight=3), "reports": Share(weight=1)}):
        await shop.until(lambda: done(shop, 800), within=30)
    assert Counter(log.began[:400])["reports"] == pytest.approx(100, abs=15)


async def test_together_priority_decides_across_queues_as_ever(shop: Workshop) -> None:
    await put(shop, 50, "reports")
    await put(shop, 50, "mail", priority=100)
    log = Log()
    async with shop.worker({"k": log}, queues=["reports", "mail"]):
        await shop.until(lambda: done(shop, 100))
    assert log.began == ["mail"] * 50 + ["reports"] * 50


async def test_strictly_the_first_queue_goes_first_whatever_the_others_priority(shop: Workshop) -> None:
    await put(shop, 100, "reports", priority=100)
    await put(shop, 100, "mail")
    log = Log()
    async with shop.worker({"k": log}, queues={"mail": Share(), "reports": Share()}, order="strict"):
        await shop.until(lambda: done(shop, 200))
    assert log.began == ["mail"] * 100 + ["reports"] * 100


async def test_settings_alone_name_the_queues_and_no_others_are_worked(shop: Workshop) -> None:
    await put(shop, 5, "mail")
    await put(shop, 5, "elsewhere", priority=100)
    log = Log()
    settings = WorkerSettings(queues={"mail": Share()})
    worker = Worker(shop.queue.work, {"k": log}, settings=settings)
    running = asyncio.create_task(worker.run())
    await shop.until(lambda: done(shop, 5))
    worker.stop()
    assert await running == 0
    assert log.began == ["mail"] * 5
    assert await shop.count("jobs") == 5


async def test_a_queue_takes_no_more_places_of_a_worker_than_its_own(shop: Workshop) -> None:
    await put(shop, 60, "mail")
    await put(shop, 60, "reports")
    log = Log()
    async with shop.worker({"k": log.slowly}, queues={"mail": Share(concurrency=1), "reports": Share()}):
        await shop.until(lambda: done(shop, 120))
    assert log.most["mail"] == 1
    assert len(log.began) == 120


async def test_a_queue_at_the_fleets_limit_leaves_the_worker_to_the_others(shop: Workshop) -> None:
    await put(shop, 50, "mail")
    await put(shop, 50, "reports")
    async with open_unit(shop.engine) as unit:
        await shop.queue.source.limit(unit, "mail", Limit(per_s=0.01, burst=2))
        await unit.commit()
    log = Log()
    shares = {"mail": Share(weight=1000), "reports": Share()}
    for order in ("weighted", "strict"):
        async with shop.worker({"k": log}, queues=shares, order=order):
            await shop.until(lambda: done(shop, 52))
    assert Counter(log.began) == {"mail": 2, "reports": 50}
