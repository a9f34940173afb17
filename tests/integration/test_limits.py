"""Limits under race: many workers at one limited queue, on the database's word alone."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from graveshift.drivers.postgres import PostgresQueue
from graveshift.errors import Invalid, PlanStale
from graveshift.store.engine import open_unit
from graveshift.wire.jobs import NewJob
from graveshift.wire.plans import Confirm
from graveshift.wire.queues import Limit
from graveshift.worker import Job
from tests.api_service import serving
from tests.front import ANN, Front
from tests.workshop import Workshop

WORKERS = 6
# Workers of one kind reach for the same jobs, and so keep each other in check; those of different kinds do not.
KINDS = [f"kind{number}" for number in range(WORKERS)]
RUNNING = "SELECT count(*) FROM graveshift.jobs WHERE state = 'running' AND queue = 'mail'"


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


@pytest.fixture
async def crew(shop: Workshop) -> AsyncIterator[Sequence[PostgresQueue]]:
    """Each claims over a connection of its own."""
    queues = [PostgresQueue(shop.engine) for _ in range(WORKERS)]
    yield queues
    for queue in queues:
        await queue.close()


async def put(shop: Workshop, n: int, queue: str = "mail", priority: int = 0, kinds: Sequence[str] = ("send",)) -> None:
    jobs = [NewJob(queue=queue, kind=kinds[number % len(kinds)], priority=priority) for number in range(n)]
    await shop.queue.work.enqueue(jobs)


async def limit(shop: Workshop, wanted: Limit) -> None:
    async with open_unit(shop.engine) as unit:
        await shop.queue.source.limit(unit, "mail", wanted)
        await unit.commit()


async def test_claims_at_the_same_moment_never_hand_out_more_than_the_limit(
    shop: Workshop, crew: Sequence[PostgresQueue]
) -> None:
    await put(shop, 600, kinds=KINDS)
    await limit(shop, Limit(concurrency=5))
    handed = 0
    for _ in range(60):
        found = await asyncio.gather(
            *(queue.work.claim(uuid4(), [], [kind], 3, 60.0) for queue, kind in zip(crew, KINDS, strict=True))
        )
        tickets = [job.ticket for jobs in found for job in jobs]
        assert len(tickets) == await shop.value(RUNNING) <= 5
        handed += len(tickets)
        await shop.queue.work.finish(tickets, "w")
    assert handed >= 60


async def test_the_limit_holds_at_every_moment_while_workers_come_and_go(
    shop: Workshop, crew: Sequence[PostgresQueue]
) -> None:
    await put(shop, 400, kinds=KINDS)
    await limit(shop, Limit(concurrency=4))
    over, most, ended = asyncio.Event(), 0, 0

    async def work(queue: PostgresQueue, kind: str) -> None:
        nonlocal ended
        while ended < 200:
            for job in await queue.work.claim(uuid4(), [], [kind], 10, 60.0):
                await queue.work.finish([job.ticket], "w")
                ended += 1
        over.set()

    async def look() -> None:
        nonlocal most
        while not over.is_set():
            most = max(most, int(await shop.value(RUNNING)))

    await asyncio.gather(look(), *(work(queue, kind) for queue, kind in zip(crew, KINDS, strict=True)))
    assert 2 <= most <= 4


async def test_over_no_window_do_more_start_than_burst_and_rate_allow(
    shop: Workshop, crew: Sequence[PostgresQueue]
) -> None:
    rate, burst, jobs = 60.0, 8, 80
    await put(shop, WORKERS * jobs, kinds=KINDS)
    await limit(shop, Limit(per_s=rate, burst=burst))
    started: list[datetime] = []

    async def work(queue: PostgresQueue, kind: str) -> None:
        while len(started) < jobs:
            started.extend(job.started_at for job in await queue.work.claim(uuid4(), [], [kind], 5, 60.0))

    await asyncio.wait_for(asyncio.gather(*(work(*one) for one in zip(crew, KINDS, strict=True))), 30)
    times = sorted(at.timestamp() for at in started)
    for first, since in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + rate * (times[last] - since) + 1e-3
    assert times[-1] - times[0] < 2 * jobs / rate


async def test_neighbours_of_a_queue_at_its_limit_are_handed_out_as_if_it_were_empty(
    shop: Workshop, crew: Sequence[PostgresQueue]
) -> None:
    await put(shop, 1000, priority=50)
    await limit(shop, Limit(concurrency=1))
    await put(shop, 40 * WORKERS, "reports")
    handed: list[str] = []

    async def work(number: int, queue: PostgresQueue) -> None:
        """Ten, in few claims: one may find less than it asked for where the others are at the same heads."""
        mine: list[str] = []
        for _ in range(8):
            found = await queue.work.claim(UUID(int=number + 1), [], ["send"], min(5, 10 - len(mine)), 60.0)
            mine += [job.queue for job in found]
            if len(mine) == 10:
                break
        handed.extend(mine)

    await asyncio.gather(*(work(number, queue) for number, queue in enumerate(crew)))
    assert handed.count("reports") == 10 * WORKERS - 1
    assert len(handed) == 10 * WORKERS


async def test_workers_share_one_limit_and_it_is_used_up_to_the_end(shop: Workshop) -> None:
    await put(shop, 60)
    await limit(shop, Limit(concurrency=3))
    running, most = 0, 0

    async def send(job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(shop.worker({"send": send}))
        await shop.until(lambda: _ended(shop, 60), within=20)
    assert most == 3


async def _ended(shop: Workshop, n: int) -> bool:
    return await shop.count("done") == n


async def test_the_places_of_a_killed_worker_come_back_with_the_sweep(shop: Workshop, tmp_path: Path) -> None:
    for _ in range(3):
        await shop.put("stubborn", {"log": str(tmp_path / "log")}, queue="mail")
    await limit(shop, Limit(concurrency=2))
    async with shop.process(lease_s=0.9) as process:
        await shop.until(lambda: _runs(shop, 2))
        process.send(signal.SIGKILL)
        await process.exits()
        assert await shop.queue.work.claim(uuid4(), [], ["stubborn"], 9, 60.0) == []
        await shop.until(lambda: _swept(shop))
    again = await shop.queue.work.claim(uuid4(), [], ["stubborn"], 9, 60.0)
    assert 1 <= len(again) == await shop.value(RUNNING) <= 2


async def _runs(shop: Workshop, n: int) -> bool:
    return bool(await shop.value(RUNNING) == n)


async def _swept(shop: Workshop) -> bool:
    await shop.queue.upkeep.sweep(3)
    return await _runs(shop, 0)


async def test_the_desk_sets_raises_and_lifts_a_limit_in_words_and_on_the_record(front: Front) -> None:
    await front.bench.put(*["{}"] * 9)
    order = {"queue": "native:mail", "concurrency": 2, "per_s": 0.5, "burst": 3}
    plan = await front.desk.plan("queue.limit", order, ANN)
    assert (plan.confirm, plan.count) == (Confirm.YES, 1)
    assert plan.effects[0].change == (
        "at most 2 jobs at once and 0.5 starts a second after a burst of 3, "
        "from the next claim on; what runs goes on (before: no limit)"
    )
    async with front.running():
        run = await front.ended(await front.begin(plan, reason="bank is slow"))
        assert str((await front.items(run))[0].detail).startswith("at most 2 jobs")
        assert len(await front.bench.take()) == 2
        queue = await front.queue.source.queue("mail")
        assert queue is not None
        assert queue.limit is not None
        assert queue.limit == Limit(2, 0.5, 3, "ann", "bank is slow", queue.limit.at)
        await front.ended(await front.order("queue.limit", {"queue": "native:mail", "concurrency": 5}))
        assert len(await front.bench.take()) == 3
        await front.ended(await front.order("queue.limit", {"queue": "native:mail"}))
        assert len(await front.bench.take()) == 4


async def test_a_rate_without_a_burst_has_one_second_of_it(front: Front) -> None:
    await front.bench.put()
    for per_s, words in ((2.5, "2.5 starts a second after a burst of 3"), (1, "1 start a second after a burst of 1")):
        plan = await front.desk.plan("queue.limit", {"queue": "native:mail", "per_s": per_s}, ANN)
        assert plan.effects[0].change.startswith(f"at most {words}")


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"per_s": 0}, {"per_s": -1}, {"burst": 5}, {"concurency": 4}])
async def test_what_is_no_limit_is_refused(front: Front, wrong: dict[str, float]) -> None:
    await front.bench.put()
    with pytest.raises(Invalid):
        await front.desk.plan("queue.limit", {"queue": "native:mail", **wrong}, ANN)


async def test_a_plan_is_stale_where_a_colleague_has_limited_the_queue_meanwhile(front: Front) -> None:
    await front.bench.put()
    plan = await front.desk.plan("queue.limit", {"queue": "native:mail", "concurrency": 9}, ANN)
    async with front.running():
        await front.ended(await front.order("queue.limit", {"queue": "native:mail", "concurrency": 1}))
    with pytest.raises(PlanStale):
        await front.begin(plan)


async def test_the_api_shows_a_limit_and_how_much_of_it_is_used(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as admin:
        await admin.post("/v1/jobs", json={"jobs": [{"queue": "mail", "kind": "send"}] * 3})
        async with open_unit(service.engine) as unit:
            await service.queue.source.limit(unit, "mail", Limit(2, 0.5, 3, "ann", "bank"))
            await unit.commit()
        assert len(await service.queue.work.claim(uuid4(), [], ["send"], 9, 60.0)) == 2
        (queue,) = (await admin.get("/v1/queues")).json()["items"]
        (first,) = (await admin.get("/v1/overview")).json()["queues"]
    limit = {"concurrency": 2, "per_s": 0.5, "burst": 3, "by": "ann", "reason": "bank"}
    for seen in (queue, first):
        assert seen["limit"].pop("at").endswith("Z")
        assert (seen["running"], seen["limit"]) == (2, limit)
