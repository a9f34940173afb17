"""A connection that leads nowhere and was never closed keeps nobody waiting for long."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import pytest
from msgspec import Raw
from sqlalchemy import TextClause, text

from graveshift import embedded
from graveshift.drivers.postgres import PostgresQueue, bare, connection, enqueueing
from graveshift.errors import DatabaseUnavailable
from graveshift.store.engine import answers, create_engine, shut
from graveshift.wire.jobs import NewJob
from tests.faults.proxy import Proxy, proxy
from tests.waiting import until

JOB = NewJob(queue="mail", kind="send", payload=Raw(b"{}"))


@asynccontextmanager
async def _behind_a_door(server: embedded.Server, database: str) -> AsyncIterator[tuple[Proxy, PostgresQueue]]:
    """A limit of half an hour for each statement, so that nothing here comes back by itself."""
    async with proxy(server.socket_dir / ".s.PGSQL.5432", random.Random(1)) as door:
        engine = create_engine(door.url(database), answer_s=1800)
        queue = PostgresQueue(engine)
        try:
            yield door, queue
        finally:
            await queue.close()
            await shut(engine)


async def test_a_connection_that_went_silent_is_replaced_before_it_is_used(
    server: embedded.Server, database: str
) -> None:
    async with proxy(server.socket_dir / ".s.PGSQL.5432", random.Random(1)) as door:
        engine = create_engine(door.url(database))
        await answers(engine)
        assert door.silence() == 1
        async with asyncio.timeout(60):  # the limit of a statement is longer
            await answers(engine)
        await engine.dispose()


async def test_a_connection_that_was_closed_just_after_an_answer_is_replaced_unseen(database: str) -> None:
    engine, other = create_engine(database, pool_size=1), create_engine(database)
    async with engine.connect() as one:
        pid = await one.scalar(text("SELECT pg_backend_pid()"))
        driver = (await one.get_raw_connection()).driver_connection
    async with other.connect() as killer:
        await killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    assert driver is not None

    async def closed() -> bool:
        return bool(driver.is_closed())

    await until(closed, within=30, what="the client has seen the end")
    await answers(engine)
    await engine.dispose()
    await other.dispose()


async def test_a_client_that_is_confused_by_a_servers_last_words_has_lost_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def confused(connection: asyncpg.Connection, query: str, **named: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    engine = create_engine(database)
    monkeypatch.setattr(asyncpg.Connection, "prepare", confused)
    with pytest.raises(DatabaseUnavailable):
        await answers(engine)
    await engine.dispose()


async def test_an_enqueue_after_a_rest_asks_its_connection_first(
    server: embedded.Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FRESH_S", 0.0)
    async with _behind_a_door(server, database) as (door, queue), asyncio.timeout(90):
        await queue.work.enqueue([JOB])
        assert door.silence() == 1
        await queue.work.enqueue([JOB])


async def test_an_enqueue_that_was_given_up_leaves_the_way_to_the_next_one(
    server: embedded.Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FRESH_S", 1800.0)
    async with _behind_a_door(server, database) as (door, queue), asyncio.timeout(90):
        await asyncio.gather(*(queue.work.enqueue([JOB]) for _ in range(4)))
        assert door.silence() >= 2
        stuck = [asyncio.create_task(queue.work.enqueue([JOB])) for _ in range(4)]
        done, _ = await asyncio.wait(stuck, timeout=0.5)
        assert not done
        for one in stuck:
            one.cancel()

        async def taken() -> bool:
            return len(await queue.work.enqueue([JOB])) == 1

        await until(taken, within=60, what="an enqueue over a new connection")


async def test_enqueues_that_get_no_answer_on_any_connection_are_given_up_and_those_behind_them_go_in_once(
    server: embedded.Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FRESH_S", 1800.0)
    async with _behind_a_door(server, database) as (door, queue), asyncio.timeout(90):
        await asyncio.gather(*(queue.work.enqueue([JOB]) for _ in range(4)))
        assert door.silence() >= 2  # both lanes; who listens has a connection, too
        monkeypatch.setattr(enqueueing, "ANSWER_S", 0.5)
        sent = [asyncio.ensure_future(queue.work.enqueue([JOB])) for _ in range(4)]
        await asyncio.wait(sent[:2])
        monkeypatch.undo()
        assert all(isinstance(one.exception(), DatabaseUnavailable) for one in sent[:2])
        assert [len(await one) for one in sent[2:]] == [1, 1]
        assert (await queue.upkeep.counters()).depth[("mail", "waiting")] == 6


async def test_a_statement_that_could_not_leave_goes_over_a_new_connection(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's last words had come, its end had not yet been seen."""
    truly = bare.fetch
    refused: list[object] = []

    async def first_not(
        driver: object, statement: TextClause, parameters: Mapping[str, object], **named: float
    ) -> object:
        if not refused:
            refused.append(driver)
            raise bare.NotSent("INSERT", None, Exception("cannot switch to state 12"), connection_invalidated=True)
        return await truly(driver, statement, parameters, **named)

    monkeypatch.setattr(bare, "fetch", first_not)
    engine = create_engine(database)
    queue = PostgresQueue(engine)
    assert len(await queue.work.enqueue([JOB])) == 1
    assert len(refused) == 1
    await queue.close()
    await engine.dispose()
