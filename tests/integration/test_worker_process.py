"""What becomes of jobs when a worker's process is killed, stopped, frozen, or told to leave."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from graveshift.worker import Job
from tests.waiting import until
from tests.workshop import Process, Workshop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


class Trace:
    """What the handlers of a process wrote down, and the file that lets them go."""

    def __init__(self, folder: Path) -> None:
        self.payload = {"log": str(folder / "log"), "go": str(folder / "go")}

    def lines(self) -> list[list[str]]:
        log = Path(self.payload["log"])
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    def words(self) -> list[str]:
        return [line[0] for line in self.lines()]

    def go(self) -> None:
        Path(self.payload["go"]).touch()


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    return Trace(tmp_path)


async def _begun(trace: Trace, count: int = 1) -> None:
    await until(lambda: trace.words().count("began") >= count, within=20)


async def _swept(shop: Workshop, job: int) -> None:
    async def taken_back() -> bool:
        await shop.queue.upkeep.sweep(3)
        return await shop.state(job) != "running"

    await shop.until(taken_back, within=15)


async def test_a_killed_workers_job_runs_elsewhere_after_its_lease(shop: Workshop, trace: Trace) -> None:
    job = await shop.put("nap", trace.payload)
    async with shop.process(lease_s=1.0) as first:
        await _begun(trace)
        first.send(signal.SIGKILL)
        await first.exits()
        assert await shop.state(job) == "running"
        await _swept(shop, job)
        async with shop.process() as second:
            await _begun(trace, 2)
            trace.go()
            await shop.reaches(job, "done")
            assert [int(line[1]) for line in trace.lines()] == [first.pid, second.pid, second.pid]


@pytest.mark.parametrize("kind", ["nap", "rest"])
async def test_sigterm_lets_a_job_finish_within_the_grace_period(shop: Workshop, trace: Trace, kind: str) -> None:
    job = await shop.put(kind, trace.payload)
    async with shop.process() as process:
        await _begun(trace)
        process.send(signal.SIGTERM)
        await until(lambda: process.said("worker_stopping"))
        late = await shop.put(kind, trace.payload)
        trace.go()
        assert await process.exits() == 0
    assert await shop.state(job) == "done"
    assert await shop.state(late) == "waiting"


@pytest.mark.parametrize("kind", ["nap", "rest", "stubborn"])
async def test_after_the_grace_period_the_job_is_released_with_its_attempts(
    shop: Workshop, trace: Trace, kind: str
) -> None:
    job = await shop.put(kind, trace.payload, max_attempts=1)
    async with shop.process(grace_s=0.2) as process:
        await _begun(trace)
        process.send(signal.SIGTERM)
        assert await process.exits() == 0
    await _is_untouched(shop, job)
    trace.go()
    if kind == "nap":
        async with shop.process():
            await shop.reaches(job, "done")


@pytest.mark.parametrize("kind", ["nap", "rest", "stubborn"])
async def test_a_second_sigterm_drops_everything_at_once(shop: Workshop, trace: Trace, kind: str) -> None:
    job = await shop.put(kind, trace.payload, max_attempts=1)
    async with shop.process(grace_s=60.0) as process:
        await _begun(trace)
        process.send(signal.SIGTERM)
        await until(lambda: process.said("worker_stopping"))
        began = time.monotonic()
        process.send(signal.SIGTERM)
        assert await process.exits() == 1
        assert time.monotonic() - began < 2.5
    await _is_untouched(shop, job)


async def _is_untouched(shop: Workshop, job: int) -> None:
    row = (await shop.rows("SELECT * FROM graveshift.jobs WHERE id = :id", id=job))[0]
    assert (row.state, row.max_attempts - row.attempt, row.crashes) == ("waiting", 1, 0)
    assert await shop.count("workers") == 0


async def test_a_frozen_worker_that_wakes_after_its_lease_is_fenced(shop: Workshop, trace: Trace) -> None:
    job = await shop.put("nap", trace.payload)
    ran: list[int] = []
    done = asyncio.Event()

    async def elsewhere(job: Job) -> None:
        ran.append(job.attempt)
        await done.wait()

    async with shop.process(lease_s=1.0, concurrency=1) as frozen:
        await _begun(trace)
        frozen.send(signal.SIGSTOP)
        try:
            await _swept(shop, job)
            async with shop.worker({"nap": elsewhere}):
                await until(lambda: ran)
                trace.go()
                frozen.send(signal.SIGCONT)
                await until(lambda: frozen.said("job_fenced"))
                await until(lambda: "ended" in trace.words())
                assert await shop.state(job) == "running"
                done.set()
                await shop.reaches(job, "done")
        finally:
            frozen.send(signal.SIGCONT)
        frozen.send(signal.SIGTERM)
        assert await frozen.exits() == 0
    assert ran == [2]
    assert await shop.value("SELECT attempt FROM graveshift.done WHERE id = :id", id=job) == 2


async def test_a_job_that_kills_its_workers_is_poison_and_takes_no_other_job_with_it(
    shop: Workshop, trace: Trace
) -> None:
    poison = await shop.put("suicide", trace.payload, max_attempts=20)
    victim = await shop.put("nap", trace.payload, max_attempts=5)
    crashes = 0
    while await shop.state(poison) != "dead":
        async with shop.process(lease_s=0.5) as process:
            assert await process.exits(20) == 9
        crashes += 1
        await _swept(shop, poison)
        trace.go()
    assert crashes == 4  # one in company, three alone
    assert await shop.value("SELECT error_type FROM graveshift.dead") == "poison"
    async with shop.process():
        await shop.reaches(victim, "done")


async def test_outcomes_of_an_outage_are_kept_and_sent_when_the_database_is_back(shop: Workshop, trace: Trace) -> None:
    job = await shop.put("nap", trace.payload)
    name = await shop.value("SELECT current_database()")
    async with shop.process(lease_s=60.0) as process:
        await _begun(trace)
        await _allow_connections(shop, name, allowed=False)
        await until(lambda: process.said("database_lost"))
        trace.go()
        await until(lambda: "ended" in trace.words())
        await until(lambda: [line for line in process.said("database_lost") if line["part"] == "outbox"])
        await _allow_connections(shop, name, allowed=True)
        await shop.reaches(job, "done", within=20)
        later = await shop.put("nap", trace.payload)
        await shop.reaches(later, "done", within=20)
        process.send(signal.SIGTERM)
        assert await process.exits() == 0
    assert trace.words() == ["began", "ended"] * 2


async def _allow_connections(shop: Workshop, name: str, *, allowed: bool) -> None:
    """Close the database to everybody, or open it again; said from the server's own database."""
    statements = [f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(allowed).lower()}"]
    if not allowed:
        theirs = f"datname = '{name}' AND backend_type = 'client backend'"
        statements.append(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {theirs}")
    await asyncio.to_thread(shop.administer, statements)


async def test_the_log_is_json_with_constant_events_and_without_payloads(shop: Workshop, trace: Trace) -> None:
    marked: dict[str, Any] = {"log": "/nowhere/private-marker", "go": ""}
    job = await shop.put("nap", marked, max_attempts=1, trace_id="trace-9")
    async with shop.process() as process:
        await shop.reaches(job, "dead")
        process.send(signal.SIGTERM)
        await process.exits()
        await _read_up(process)
        failed = process.said("job_failed")[0]
        assert (failed["job"], failed["kind"], failed["trace_id"]) == (job, "nap", "trace-9")
        assert failed["error_type"] == "FileNotFoundError"
        assert failed["retry_in_s"] is None  # it was the last attempt
        assert not process.said("not_json")
        assert "private-marker" not in str(process.log)


async def _read_up(process: Process) -> None:
    await until(lambda: process.said("worker_stopped"))
