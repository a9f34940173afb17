"""Every kind of queue passes the same suite: each test runs against `postgres` and against `memory`."""

from collections.abc import AsyncIterator

import pytest

from graveshift.drivers.memory import MemoryQueue
from graveshift.drivers.postgres import PostgresQueue
from graveshift.store.engine import create_engine
from tests.contract.bench import VEIL, Bench, MemoryUnits, PostgresUnits


@pytest.fixture(params=["postgres", "memory"])
def place(request: pytest.FixtureRequest) -> str | None:
    """The URL of a database for the kind that needs one."""
    return str(request.getfixturevalue("database")) if request.param == "postgres" else None


@pytest.fixture
async def bench(place: str | None) -> AsyncIterator[Bench]:
    """A queue system with nothing in it."""
    if place is None:
        units = MemoryUnits()
        yield Bench(MemoryQueue("here", units.now, VEIL), units)
        return
    engine = create_engine(place)
    queue = PostgresQueue(engine, "here", VEIL)
    yield Bench(queue, PostgresUnits(engine))
    await queue.close()
    await engine.dispose()
