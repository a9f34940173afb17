"""The native queue for who only sends or runs jobs: nothing of the service is loaded for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graveshift.drivers.postgres import PostgresQueue
from graveshift.store.engine import Engine, shut
from graveshift.work import Work


@asynccontextmanager
async def open_work(engine: Engine) -> AsyncIterator[Work]:
    """What producers and workers need of the queue there; the engine is closed with it."""
    queue = PostgresQueue(engine)
    try:
        yield queue.work
    finally:
        await queue.close()
        await shut(engine)
