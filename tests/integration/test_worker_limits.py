"""What a worker does when things do not go well: time limits, cancellation, stops, lost leases and lost databases."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from graveshift.settings import Share
from graveshift.worker import Cancelled, Handler, Job, handler
from graveshift.worker.turns import Queues
from tests.waiting import until
from tests.workshop import Workshop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


async def test_an_async_job_over_its_time_limit_fails_with_the_place_where_it_waited(shop: Workshop) -> None:
    ended = asyncio.Event()

    async def wait_for_the_supplier() -> None:
        await asyncio.sleep(60)

    @handler(time_limit_s=0.2)
    async def slow(job: Job) -> None:
        try:
            await wait_for_the_supplier()
        finally:
            ended.set()

    job = await shop.put("slow", max_attempts=1)
    async with shop.worker({"slow": slow}):
        await shop.reaches(job, "dead")
        await asyncio.wait_for(ended.wait(), 5)
    dead = (await shop.rows("SELECT * FROM graveshift.dead JOIN graveshift.dead_text USING (died_at, id)"))[0]
    assert dead.error_type == "graveshift.worker.job.TimeLimitExceeded"
    assert dead.error_message == "still running after 0.2 s"
    assert "wait_for_the_supplier" in dead.traceback


async def test_a_thread_over_its_time_limit_fails_at_the_limit_and_keeps_its_place_until_it_ends(
    shop: Workshop,
) -> None:
    release = threading.Event()

    def wait_in_vain(job: Job) -> None:
        release.wait(60)

    stuck = await shop.put("stuck", max_attempts=1)
    async with shop.worker({"stuck": Handler(wait_in_vain, time_limit_s=0.2), "k": lambda job: None}) as worker:
        began = time.monotonic()
        await shop.reaches(stuck, "dead")
        assert time.monotonic() - began < 2
        assert worker.is_stuck
        other = await shop.put("k")
        await shop.reaches(other, "done")
        release.set()
        await until(lambda: not worker.is_stuck)
    text = await shop.value("SELECT traceback FROM graveshift.dead_text")
    assert "wait_in_vain" in text
    assert await shop.state(stuck) == "dead"


async def test_a_worker_with_too_many_stuck_threads_stops_to_be_replaced(shop: Workshop) -> None:
    release = threading.Event()
    stuck = Handler(lambda job: release.wait(60), time_limit_s=0.1)
    for _ in range(2):
        await shop.put("stuck", max_attempts=1)
    async with shop.worker({"stuck": stuck}, concurrency=4) as worker:
        await until(lambda: worker.is_stopping)
        later = await shop.put("stuck")
        await asyncio.sleep(0.1)
        assert await shop.state(later) == "waiting"
        release.set()
    assert await shop.count("dead") == 2


async def test_a_running_job_that_an_operator_cancels_stops_and_ends_cancelled(shop: Workshop) -> None:
    began: set[str] = set()

    async def on_loop(job: Job) -> None:
        began.add("loop")
        await asyncio.sleep(60)

    def in_thread(job: Job) -> None:
        began.add("thread")
        assert job.cancelled.wait(60)
        job.stop_if_cancelled()

    def ends_well(job: Job) -> None:
        began.add("well")
        assert job.cancelled.wait(60)

    handlers = {"loop": on_loop, "thread": in_thread, "well": ends_well}
    jobs = [await shop.put(kind) for kind in handlers]
    async with shop.worker(handlers, lease_s=0.6):
        await until(lambda: len(began) == 3)
        await _ask_to_stop(shop)
        for job, state in zip(jobs, ("cancelled", "cancelled", "done"), strict=True):
            await shop.reaches(job, state)


async def _ask_to_stop(shop: Workshop) -> None:
    async with shop.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE graveshift.jobs SET cancel_requested = true")


async def test_cancelled_raised_without_being_asked_is_a_failure(shop: Workshop) -> None:
    def eager(job: Job) -> None:
        raise Cancelled

    job = await shop.put("eager", max_attempts=1)
    async with shop.worker({"eager": eager}):
        await shop.reaches(job, "dead")


async def test_a_suspect_runs_with_nothing_else_in_the_process(shop: Workshop) -> None:
    go, together = asyncio.Event(), []
    running: set[str] = set()

    async def watched(job: Job) -> None:
        running.add(str(job.data))
        together.append(set(running))
        if job.data == "slow":
            await go.wait()
        else:
            await asyncio.sleep(0.05)
        running.discard(str(job.data))

    slow = await shop.put("watched", "slow")
    async with shop.worker({"watched": watched}):
        await until(lambda: running == {"slow"})
        suspect = await shop.put("watched", "suspect", priority=100, run_at=datetime.now(UTC) + timedelta(hours=1))
        async with shop.engine.begin() as connection:
            await connection.exec_driver_sql(
                f"UPDATE graveshift.jobs SET crashes = 1, run_at = now() WHERE id = {suspect}"
            )
        await shop.reaches(suspect, "running")
        others = [await shop.put("watched", f"other {n}") for n in range(5)]
        assert await shop.value("SELECT begun FROM graveshift.jobs WHERE id = :id", id=suspect) is False
        go.set()
        for job in (slow, suspect, *others):
            await shop.reaches(job, "done")
    assert [one for one in together if "suspect" in one] == [{"suspect"}]


@pytest.mark.parametrize("queues", [(), {"q": Share(), "other": Share(weight=3)}], ids=["together", "in shares"])
async def test_suspects_and_quick_jobs_take_turns_on_one_worker(shop: Workshop, queues: Queues) -> None:
    order: list[str] = []

    async def watched(job: Job) -> None:
        order.append(str(job.data))
        await asyncio.sleep(0.5 if job.data == "suspect" else 0.02)

    later = datetime.now(UTC) + timedelta(hours=1)
    suspects = [await shop.put("watched", "suspect", priority=100, run_at=later) for _ in range(4)]
    quick = [await shop.put("watched", "quick") for _ in range(200)]
    async with shop.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE graveshift.jobs SET crashes = 1, run_at = now() WHERE priority = 100")
    async with shop.worker({"watched": watched}, queues=queues):
        for job in (*suspects, *quick):
            await shop.reaches(job, "done")
    first, second, third, fourth = (place for place, one in enumerate(order) if one == "suspect")
    assert first == 0
    assert min(second - first, third - second) > 10
    assert fourth > third


async def test_suspects_leave_half_of_the_time_to_jobs_that_come_now_and_then(shop: Workshop) -> None:
    """A worker that has done all there was has still not served those that come in a moment."""
    began: list[tuple[str, float]] = []
    clock = asyncio.get_running_loop().time

    async def watched(job: Job) -> None:
        began.append((str(job.data), clock()))
        await asyncio.sleep(1.0 if job.data == "suspect" else 0)

    later = datetime.now(UTC) + timedelta(hours=1)
    for _ in range(3):
        await shop.put("watched", "suspect", priority=100, run_at=later)
    async with shop.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE graveshift.jobs SET crashes = 1, run_at = now() WHERE priority = 100")
    async with shop.worker({"watched": watched}):
        while len([one for one, _ in began if one == "suspect"]) < 3:
            await shop.put("watched", "quick")
            await asyncio.sleep(0.05)
    starts = [at for one, at in began if one == "suspect"]
    assert min(later - one for one, later in pairwise(starts)) > 1.9


async def test_stopping_lets_running_jobs_finish_and_takes_no_more(shop: Workshop) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def steady(job: Job) -> None:
        began.set()
        await go.wait()

    first = await shop.put("steady")
    async with shop.worker({"steady": steady}) as worker:
        await began.wait()
        worker.stop()
        second = await shop.put("steady")
        go.set()
    assert await shop.state(first) == "done"
    assert await shop.state(second) == "waiting"
    assert await shop.count("workers") == 0


async def test_after_the_grace_period_jobs_are_given_back_without_burning_an_attempt(shop: Workshop) -> None:
    began = asyncio.Event()

    async def forever(job: Job) -> None:
        began.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise OSError("connection closed by the cancellation") from None

    job = await shop.put("forever", max_attempts=1)
    async with shop.worker({"forever": forever}, grace_s=0.1):
        await began.wait()
    row = (await shop.rows("SELECT * FROM graveshift.jobs"))[0]
    assert (row.id, row.state, row.max_attempts - row.attempt) == (job, "waiting", 1)


async def test_a_lease_taken_away_cancels_the_handler_and_its_end_is_not_reported(shop: Workshop) -> None:
    began, stopped = asyncio.Event(), asyncio.Event()

    async def forever(job: Job) -> None:
        began.set()
        try:
            await asyncio.sleep(3600)
        finally:
            stopped.set()

    job = await shop.put("forever", max_attempts=1)
    async with shop.worker({"forever": forever}, lease_s=0.9) as worker:
        await began.wait()
        async with shop.engine.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE graveshift.jobs SET attempt = 7, lease_owner = gen_random_uuid(), "
                "lease_until = now() + interval '1 hour'"
            )
        await asyncio.wait_for(stopped.wait(), 5)
        assert not worker.is_stopping
    row = (await shop.rows("SELECT * FROM graveshift.jobs"))[0]
    assert (row.id, row.state, row.attempt) == (job, "running", 7)


async def test_heartbeats_keep_a_job_longer_than_its_lease(shop: Workshop) -> None:
    go = asyncio.Event()
    ran: list[int] = []

    async def long(job: Job) -> None:
        ran.append(job.attempt)
        await go.wait()

    job = await shop.put("long")
    async with shop.worker({"long": long}, lease_s=0.6):
        await until(lambda: ran)
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert await shop.queue.upkeep.sweep(3) == 0
            await asyncio.sleep(0.05)
        go.set()
        await shop.reaches(job, "done")
    assert ran == [1]


async def test_a_storm_of_broken_connections_loses_nothing(shop: Workshop) -> None:
    ran: list[int] = []

    async def short(job: Job) -> None:
        ran.append(job.id)
        await asyncio.sleep(0.005)

    jobs = {await shop.put("short") for _ in range(200)}
    async with shop.worker({"short": short}, lease_s=1.0):
        for _ in range(8):
            await shop.break_connections()
            await asyncio.sleep(0.1)
        await shop.until(lambda: _all_done(shop, len(jobs)), within=20)
    assert set(ran) == jobs


async def _all_done(shop: Workshop, count: int) -> bool:
    await shop.queue.upkeep.sweep(3)
    return await shop.count("done") == count
