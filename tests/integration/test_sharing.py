"""Reads that share a connection: turn by turn, whatever becomes of one of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.engine import create_engine, open_look
from graveshift.store.sharing import on_one_connection

WHO = text("SELECT pg_backend_pid()")
NONE_OUT = "Current Checked out connections: 0"


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


async def who(engine: AsyncEngine) -> int:
    async with open_look(engine) as unit:
        return int((await unit.execute(WHO)).scalar_one())


async def test_reads_at_once_take_one_connection(engine: AsyncEngine) -> None:
    taken: list[object] = []
    event.listen(engine.sync_engine, "checkout", lambda *of: taken.append(of[0]))
    async with on_one_connection():
        pids = await asyncio.gather(*(who(engine) for _ in range(8)))
    assert (len(taken), len(set(pids))) == (1, 1)
    assert NONE_OUT in engine.sync_engine.pool.status()


async def test_a_read_that_fails_spoils_no_other(engine: AsyncEngine) -> None:
    async def wrong() -> None:
        async with open_look(engine) as unit:
            await unit.execute(text("SELECT 1 / 0"))

    async with on_one_connection():
        found = await asyncio.gather(who(engine), wrong(), who(engine), return_exceptions=True)
    assert [type(one) for one in found[::2]] == [int, int]
    assert isinstance(found[1], DBAPIError)
    assert NONE_OUT in engine.sync_engine.pool.status()


async def test_a_read_within_a_read_does_not_wait_for_itself(engine: AsyncEngine) -> None:
    async with asyncio.timeout(5), on_one_connection(), open_look(engine) as unit:
        outer = (await unit.execute(WHO)).scalar_one()
        assert await who(engine) != outer


async def test_a_read_that_comes_too_late_keeps_nothing(engine: AsyncEngine) -> None:
    go = asyncio.Event()

    async def late() -> int:
        await go.wait()
        return await who(engine)

    async with on_one_connection():
        await who(engine)
        behind = asyncio.create_task(late())
        await asyncio.sleep(0)
    go.set()
    assert await behind > 0
    assert NONE_OUT in engine.sync_engine.pool.status()


async def test_a_caller_that_is_gone_leaves_no_connection_behind(engine: AsyncEngine) -> None:
    asked = asyncio.Event()

    async def long() -> None:
        async with on_one_connection(), open_look(engine) as unit:
            asked.set()
            await unit.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(long())
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert NONE_OUT in engine.sync_engine.pool.status()
    assert await who(engine) > 0
