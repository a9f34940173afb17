"""An idle worker hears of new jobs at once, from whoever has them, and needs no bell to find them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy.exc import DBAPIError

import graveshift
from graveshift.drivers.postgres import doorbell
from graveshift.drivers.postgres.doorbell import Bell, Ear
from graveshift.store.engine import create_engine
from graveshift.worker import Job, patience
from tests.waiting import until
from tests.workshop import Workshop

# Far longer than any test here waits: what is found sooner was heard.
ASLEEP_S = 60.0


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


@pytest.fixture
def sleepy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that poll once and then only when they are rung."""
    monkeypatch.setattr(patience, "POLL_FIRST_S", ASLEEP_S)
    monkeypatch.setattr(patience, "POLL_LAST_S", ASLEEP_S)
    monkeypatch.setattr(patience, "DEAF_LAST_S", 0.0)


async def noop(job: Job) -> None:
    return None


async def _listening(shop: Workshop) -> None:
    """The worker's connection is there, and what it may have missed before is behind it."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"

    async def there() -> bool:
        with suppress(DBAPIError):  # this test's own connections are cut off too
            return bool(await shop.value(statement))
        return False

    await until(there)
    await asyncio.sleep(0.2)


@pytest.mark.usefixtures("sleepy")
async def test_a_worker_at_rest_hears_what_another_process_enqueues(shop: Workshop) -> None:
    async with shop.worker({"k": noop}), graveshift.connect(shop.url.replace("+asyncpg", "")) as producer:
        await _listening(shop)
        for _ in range(3):
            await shop.reaches(await producer.enqueue("q", "k"), "done")


@pytest.mark.usefixtures("sleepy")
async def test_a_producer_that_leaves_at_once_has_still_rung(shop: Workshop) -> None:
    async with shop.worker({"k": noop}):
        await _listening(shop)
        async with graveshift.connect(shop.url.replace("+asyncpg", "")) as producer:
            job = await producer.enqueue("q", "k")
        await shop.reaches(job, "done")


@pytest.mark.usefixtures("sleepy")
async def test_a_worker_whose_ear_was_cut_off_hears_again(shop: Workshop) -> None:
    async with shop.worker({"k": noop}):
        await _listening(shop)
        await shop.break_connections()
        await _listening(shop)
        await shop.reaches(await shop.put("k"), "done", within=20)


async def test_without_a_bell_the_polls_find_it(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(ear: Ear) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Ear, "rung", deaf)
    async with shop.worker({"k": noop}):
        await shop.reaches(await shop.put("k"), "done")


async def test_after_a_burst_single_rings_are_heard_at_once_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dense stream makes the rests long; what follows it, one every few milliseconds, is not dense."""
    rests: list[float] = []
    truly = asyncio.sleep

    async def noted(seconds: float) -> None:
        rests.append(seconds)
        await truly(seconds)

    engine = create_engine(database)
    bell = Bell(engine)
    try:
        monkeypatch.setattr(asyncio, "sleep", noted)
        for _ in range(400):
            bell.ring()
            bell.ring()
            await truly(0.0002)
        assert max(rests) == doorbell.REST_LAST_S
        for _ in range(60):
            bell.ring()
            await truly(0.004)
        assert rests[-1] == doorbell.REST_FIRST_S
    finally:
        await bell.close()
        await engine.dispose()
