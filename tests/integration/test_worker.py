"""What a worker does with jobs: each ends once, as its handler said, on a real queue."""

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from graveshift.fingerprint import fingerprint
from graveshift.worker import Dead, Job, Retry
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

    def asks_for_ever(job: Job) -> None:
        raise Retry(float("inf"))

    handlers: dict[str, Any] = {"forgets_to_await": forgets_to_await, "asks_for_ever": asks_for_ever}
    later = await shop.put("asks_for_ever", max_attempts=2)
    job = await shop.put("forgets_to_await", max_attempts=1)
    async with shop.worker(handlers):
        await shop.reaches(job, "dead")
        await shop.reaches(later, "retrying")
    messages = " ".join(row[0] for row in await shop.rows("SELECT error_message FROM graveshift.dead_text"))
    assert "make it `async def`" in messages
