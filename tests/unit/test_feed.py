"""Readings that stay fresh whatever becomes of the event stream, against a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from graveshift_tui.client import Client, Unreachable
from graveshift_tui.feed import Feed, Reading
from graveshift_tui.settings import Where
from tests.small_backend import TOKEN, SmallBackend
from tests.waiting import until


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SmallBackend]:
    with SmallBackend(tmp_path).running() as backend:
        yield backend


@pytest.fixture
async def client(backend: SmallBackend) -> AsyncIterator[Client]:
    client = Client(Where(backend.url, TOKEN))
    yield client
    await client.close()


class Counter:
    """A read that counts itself, and fails while `broken`."""

    def __init__(self) -> None:
        self.reads = 0
        self.under_way = 0
        self.greatest = 0
        self.broken = False
        self.slow_s = 0.0

    async def read(self) -> int:
        self.reads += 1
        self.under_way += 1
        self.greatest = max(self.greatest, self.under_way)
        try:
            await asyncio.sleep(self.slow_s)
            if self.broken:
                raise Unreachable("nobody there")
        finally:
            self.under_way -= 1
        return self.reads


@asynccontextmanager
async def watching(feed: Feed, counter: Counter, *resources: str) -> AsyncIterator[list[Reading[int]]]:
    taken: list[Reading[int]] = []

    async def watch() -> None:
        async with aclosing(feed.watch(counter.read, resources)) as readings:
            async for reading in readings:
                taken.append(reading)

    task = asyncio.create_task(watch())
    try:
        yield taken
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_polls_each_interval_without_any_event_stream() -> None:
    client, counter = Client(Where("http://127.0.0.1:9")), Counter()
    feed = Feed(client, 0.05)
    async with watching(feed, counter, "dlq") as taken:
        await until(lambda: len(taken) >= 5)
        assert not feed.connected
    assert [reading.value for reading in taken[:5]] == [1, 2, 3, 4, 5]
    await client.close()


async def test_a_hint_brings_the_next_read_forward(client: Client, backend: SmallBackend) -> None:
    counter, feed = Counter(), Feed(client, 1.5)
    async with watching(feed, counter, "dlq") as taken:
        await until(lambda: feed.connected and len(taken) == 2, what="the first read and the one on connecting")
        await until(lambda: len(taken) == 3, what="the poll")
        backend.hint("dlq")
        await until(lambda: len(taken) == 4, within=0.5, what="the read that was hinted")
    assert taken[3].at - taken[2].at < 0.7


async def test_hints_cause_at_most_one_extra_read_per_interval(client: Client, backend: SmallBackend) -> None:
    counter, feed = Counter(), Feed(client, 0.5)
    async with watching(feed, counter, "dlq") as taken:
        await until(lambda: feed.connected)
        began, before = monotonic(), len(taken)
        while monotonic() - began < 2.0:
            backend.hint("dlq")
            await asyncio.sleep(0.01)
        assert 3 <= len(taken) - before <= 10


async def test_a_hint_for_another_resource_changes_nothing(client: Client, backend: SmallBackend) -> None:
    counter, feed = Counter(), Feed(client, 30.0)
    async with watching(feed, counter, "dlq") as taken:
        await until(lambda: feed.connected and len(taken) == 2)
        for _ in range(20):
            backend.hint("queues")
        with pytest.raises(AssertionError):
            await until(lambda: len(taken) > 2, within=0.5)


async def test_reads_never_overlap(client: Client, backend: SmallBackend) -> None:
    counter, feed = Counter(), Feed(client, 0.02)
    counter.slow_s = 0.1
    async with watching(feed, counter, "dlq") as taken:
        for _ in range(10):
            feed.retry_now()
            await asyncio.sleep(0.02)
        await until(lambda: len(taken) >= 4)
    assert counter.greatest == 1


async def test_a_failed_read_keeps_the_last_value_and_tries_again_for_ever(client: Client) -> None:
    counter, feed = Counter(), Feed(client, 0.05)
    async with watching(feed, counter) as taken:
        await until(lambda: len(taken) >= 2)
        counter.broken = True
        await until(lambda: taken[-1].attempt >= 3)
        failed = taken[-1]
        counter.broken = False
        await until(lambda: taken[-1].error is None, what="it came back")
    assert isinstance(failed.error, Unreachable)
    good = next(reading for reading in taken if reading.value == failed.value)
    assert (failed.at, good.error) == (good.at, None)
    assert failed.retry_in_s is not None
    assert 0 <= failed.retry_in_s <= 10
    assert taken[-1].attempt == 0


async def test_retry_now_ends_the_wait(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graveshift_tui.feed.backoff", lambda attempt: 60.0)
    counter, feed = Counter(), Feed(client, 0.05)
    counter.broken = True
    async with watching(feed, counter) as taken:
        await until(lambda: feed.connected and len(taken) == 2, what="the first read and the one on connecting")
        counter.broken = False
        feed.retry_now()
        await until(lambda: taken[-1].error is None)


async def test_the_stream_is_shared_and_comes_back_after_the_last_event(client: Client, backend: SmallBackend) -> None:
    counter, feed = Counter(), Feed(client, 30.0)
    async with watching(feed, counter, "dlq"), watching(feed, counter, "queues"):
        await until(lambda: feed.connected)
        assert len(backend.listeners) == 1
        backend.hint("dlq")
        backend.hang_up()
        await until(lambda: len(backend.last_event_ids) == 2)
    assert backend.last_event_ids == [None, "1"]


async def test_the_stream_is_closed_when_nobody_watches(client: Client, backend: SmallBackend) -> None:
    counter, feed = Counter(), Feed(client, 30.0)
    before = len(asyncio.all_tasks())
    async with watching(feed, counter, "dlq"):
        await until(lambda: feed.connected)
    assert not feed.connected
    assert len(asyncio.all_tasks()) == before
