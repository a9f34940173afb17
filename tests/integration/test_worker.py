"""What a worker does with jobs: each ends once, as its handler said, on a real queue."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from graveshift.fingerprint import fingerprint
from graveshift.worker import Cancelled, Dead, Handler, Job, Retry, handler
from tests.waiting import until
from tests.workshop import Workshop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


async def test_async_and_plain_handlers_get_the_job_as_it_was_sent(shop: Workshop) -> None:
    seen: dict[str, Any] = {}

    async def on_loop(job: Job) -> None:
        seen["loop"] = (threading.current_thread() is threading.main_thread(), job.payload, job.data, job.trace_id)

    def in_thread(job: Job) -> None:
        seen["thread"] = (threading.current_thread() is threading.main_thread(), job.payload, job.data, job.attempt)

    payload = b'{"b": 1,   "a": "\\u0000 \\ud83d\\ude00"}'
    first = await shop.put("loop", payload, trace_id="t-1")
    second = await shop.put("thread", payload)
    async with shop.worker({"loop": on_loop, "thread": in_thread}):
        await shop.reaches(first, "done")
        await shop.reaches(second, "done")
    assert seen["loop"] == (True, payload, {"b": 1, "a": "\0 😀"}, "t-1")
    assert seen["thread"] == (False, payload, {"b": 1, "a": "\0 😀"}, 1)


async def test_many_short_jobs_each_run_exactly_once(shop: Workshop) -> None:
    ran: list[int] = []

    async def count(job: Job) -> None:
        ran.append(job.data)

    for n in range(200):
        await shop.put("count", n)
    async with shop.worker({"count": count}, concurrency=20, batch=10):
        await until(lambda: len(ran) == 200)
    assert sorted(ran) == list(range(200))
    assert await shop.count("done") == 200
    assert await shop.count("jobs") == 0


async def test_a_job_of_a_kind_without_handler_is_left_alone(shop: Workshop) -> None:
    unknown = await shop.put("unknown")
    known = await shop.put("known")
    async with shop.worker({"known": lambda job: None}):
        await shop.reaches(known, "done")
    assert await shop.state(unknown) == "waiting"


async def test_a_worker_serves_only_its_queues(shop: Workshop) -> None:
    other = await shop.put("k", queue="other")
    mine = await shop.put("k", queue="mine")
    async with shop.worker({"k": lambda job: None}, queues=["mine"]):
        await shop.reaches(mine, "done")
    assert await shop.state(other) == "waiting"


async def test_a_failure_is_retried_until_the_attempts_are_used_up_and_then_is_a_letter_with_its_story(
    shop: Workshop,
) -> None:
    def fail(job: Job) -> None:
        try:
            dict[str, int]()["missing"]
        except KeyError as missing:
            raise ValueError(f"order {job.id} \x00 \ud800 is broken") from missing

    job = await shop.put("fail", max_attempts=3, trace_id="trace-7")
    async with shop.worker({"fail": fail}):
        await shop.reaches(job, "dead")
    dead = (await shop.rows("SELECT * FROM graveshift.dead JOIN graveshift.dead_text USING (died_at, id)"))[0]
    assert (dead.error_type, dead.error_message) == ("ValueError", f"order {job} \\x00 \\ud800 is broken")
    assert dead.fingerprint == fingerprint(
        "ValueError", f"order {job} \x00 \ud800 is broken", f"{__name__}:{fail.__qualname__}"
    )
    assert "KeyError: 'missing'" in dead.traceback
    assert "direct cause" in dead.traceback
    assert "graveshift/worker" not in dead.traceback
    assert (dead.trace_id, dead.worker_version, dead.attempt) == ("trace-7", "test 1", 3)
    history = await shop.rows("SELECT * FROM graveshift.attempts ORDER BY attempt")
    assert [(row.attempt, row.final) for row in history] == [(1, False), (2, False), (3, True)]
    assert all(row.started_at and row.finished_at >= row.started_at for row in history)


async def test_retry_sets_the_delay_and_dead_ends_it_with_the_cause_on_record(shop: Workshop) -> None:
    def later(job: Job) -> None:
        raise Retry(3600)

    def never(job: Job) -> None:
        raise Dead("no such customer") from LookupError("customer 7")

    put_off, ended = await shop.put("later"), await shop.put("never", max_attempts=9)
    async with shop.worker({"later": later, "never": never}):
        await shop.reaches(put_off, "retrying")
        await shop.reaches(ended, "dead")
    seconds = await shop.value(
        "SELECT extract(epoch FROM run_at - now()) FROM graveshift.jobs WHERE id = :id", id=put_off
    )
    assert 3500 < seconds <= 3600
    dead = (await shop.rows("SELECT * FROM graveshift.dead JOIN graveshift.dead_text USING (died_at, id)"))[0]
    assert (dead.error_type, dead.error_message, dead.attempt) == ("LookupError", "customer 7", 1)
    assert "Dead: no such customer" in dead.traceback


async def test_a_handler_that_tries_to_end_the_process_only_fails_its_job(shop: Workshop) -> None:
    def leave(job: Job) -> None:
        raise SystemExit(3)

    async def leave_too(job: Job) -> None:
        raise KeyboardInterrupt

    jobs = [await shop.put("leave", max_attempts=1), await shop.put("leave_too", max_attempts=1)]
    async with shop.worker({"leave": leave, "leave_too": leave_too}):
        for job in jobs:
            await shop.reaches(job, "dead")
    assert await shop.value("SELECT count(DISTINCT error_type) FROM graveshift.dead") == 1


async def test_wrong_handlers_fail_their_jobs_and_say_why(shop: Workshop) -> None:
    async def real(job: Job) -> None:
        return None

    def forgets_to_await(job: Job) -> object:
        return real(job)

    async def no_arguments() -> None:
        return None

    handlers: dict[str, Any] = {"forgets_to_await": forgets_to_await, "no_arguments": no_arguments}
    jobs = [await shop.put(kind, max_attempts=1) for kind in handlers]
    async with shop.worker(handlers):
        for job in jobs:
            await shop.reaches(job, "dead")
    messages = " ".join(row[0] for row in await shop.rows("SELECT error_message FROM graveshift.dead_text"))
    assert "make it `async def`" in messages
    assert "positional argument" in messages


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
            await _break_connections(shop)
            await asyncio.sleep(0.1)
        await shop.until(lambda: _all_done(shop, len(jobs)), within=20)
    assert set(ran) == jobs


async def _break_connections(shop: Workshop) -> None:
    with psycopg.connect(shop.url.replace("+asyncpg", "")) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def _all_done(shop: Workshop, count: int) -> bool:
    await shop.queue.upkeep.sweep(3)
    return await shop.count("done") == count
