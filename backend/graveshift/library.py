"""What job authors call: producers for a database by its URL, and one for the whole process."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Unpack

from graveshift.errors import SettingsError
from graveshift.producer import Options, Producer, SyncProducer, new_job
from graveshift.wire.jobs import NewJob
from graveshift.work import Work

URL_VARIABLE, POOLER_VARIABLE = "GRAVESHIFT_DATABASE_URL", "GRAVESHIFT_DATABASE_POOLER"


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Work]:
    """The database's client is loaded when the first job is sent, not when this module is imported."""
    from graveshift.native import open_work
    from graveshift.store.engine import create_engine

    pooled = os.environ.get(POOLER_VARIABLE) == "transaction"
    async with open_work(create_engine(url, pool_size=2, pooled=pooled)) as work:
        yield work


def connect(url: str | None = None) -> Producer:
    """A producer for one event loop; without `url` for GRAVESHIFT_DATABASE_URL. Close it, or use `async with`."""
    place = _place(url)
    return Producer(lambda: _opened(place))


def connect_sync(url: str | None = None) -> SyncProducer:
    """A producer for code without an event loop, from any thread and across forks."""
    place = _place(url)
    return SyncProducer(lambda: _opened(place))


async def enqueue(queue: str, kind: str, payload: object = b"{}", **options: Unpack[Options]) -> int:
    """Enqueue one job in the database that GRAVESHIFT_DATABASE_URL names; returns its id."""
    return (await enqueue_many([new_job(queue, kind, payload, **options)]))[0]


async def enqueue_many(jobs: Sequence[NewJob]) -> list[int]:
    """Enqueue all of them or none, there too; any event loop may call this."""
    return await asyncio.wrap_future(_shared().submit(jobs))


def enqueue_sync(queue: str, kind: str, payload: object = b"{}", **options: Unpack[Options]) -> int:
    """The same without an event loop."""
    return _shared().enqueue(queue, kind, payload, **options)


_producers: dict[str, SyncProducer] = {}
_lock = threading.Lock()


def _shared() -> SyncProducer:
    place = _place(None)
    with _lock:
        if place not in _producers:
            _producers[place] = SyncProducer(lambda: _opened(place))
        return _producers[place]


def _place(url: str | None) -> str:
    place = url or os.environ.get(URL_VARIABLE, "")
    if not place:
        raise SettingsError(f"{URL_VARIABLE} is not set")
    return place
