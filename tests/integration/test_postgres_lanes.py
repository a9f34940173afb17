"""Enqueues that meet: each sender has its own ids or its own refusal, and a killed connection loses nothing."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from msgspec import Raw
from sqlalchemy import text

from graveshift.drivers.postgres import PostgresQueue, connection
from graveshift.errors import DatabaseUnavailable, Invalid, QueueDraining
from graveshift.store.engine import create_engine
from graveshift.wire.jobs import NewJob
from tests.contract.bench import Bench, PostgresUnits
from tests.waiting import until

KILL = text("""SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'""")


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    engine = create_engine(database)
    queue = PostgresQueue(engine, "here")
    yield Bench(queue, PostgresUnits(engine))
    await queue.close()
    await engine.dispose()


def _jobs(n: int, kind: str = "send") -> list[NewJob]:
    return [NewJob(queue="mail", kind=kind, payload=Raw(b"{}")) for _ in range(n)]


async def test_senders_that_meet_each_have_their_own_ids_in_order(bench: Bench) -> None:
    sizes = [1, 3, 1, 700, 600, 2, *[1] * 40]
    all_ids = await asyncio.gather(*(bench.work.enqueue(_jobs(n, f"kind{n}")) for n in sizes))
    assert [len(ids) for ids in all_ids] == sizes
    assert len({id for ids in all_ids for id in ids}) == sum(sizes)
    for n, ids in zip(sizes[:4], all_ids[:4], strict=True):
        assert list(ids) == sorted(ids)
        found = await bench.jobs.one(str(ids[-1]))
        assert found is not None
        assert found.kind == f"kind{n}"


async def test_what_is_refused_is_refused_to_its_sender_only(bench: Bench) -> None:
    sent = [bench.work.enqueue(_jobs(1, kind)) for kind in ("a", "b", "c", "no such kind", "d", "e")]
    found = await asyncio.gather(*sent, return_exceptions=True)
    assert [isinstance(one, Invalid) for one in found] == [False, False, False, True, False, False]


async def test_a_draining_queue_refuses_its_own_sender_and_lets_the_others_in(bench: Bench) -> None:
    async with bench.units.open() as unit:
        await bench.source.drain(unit, "shut", None, "ann")
    shut = [NewJob(queue="shut", kind="send", payload=Raw(b"{}"))]
    sent = [bench.work.enqueue(jobs) for jobs in (_jobs(1), _jobs(2), shut, [*_jobs(1), *shut], _jobs(1))]
    found = await asyncio.gather(*sent, return_exceptions=True)
    assert [isinstance(one, QueueDraining) for one in found] == [False, False, True, True, False]
    depth = (await bench.upkeep.counters()).depth
    assert [depth.get((queue, "waiting"), 0) for queue in ("mail", "shut")] == [4, 0]


async def test_a_sender_that_gives_up_takes_no_other_with_it(bench: Bench) -> None:
    tasks = [asyncio.ensure_future(bench.work.enqueue(_jobs(1))) for _ in range(8)]
    await asyncio.sleep(0)
    tasks[5].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[5], asyncio.CancelledError)
    assert all(isinstance(one, list) for place, one in enumerate(found) if place != 5)


async def test_enqueues_go_on_over_a_new_connection_after_theirs_was_killed(bench: Bench, database: str) -> None:
    await bench.work.enqueue(_jobs(1))
    outsider = create_engine(database)
    async with outsider.begin() as unit:
        await unit.execute(KILL)
    await outsider.dispose()

    async def enqueued() -> bool:
        try:
            return len(await bench.work.enqueue(_jobs(1))) == 1
        except DatabaseUnavailable:
            return False

    await until(enqueued, what="an enqueue")


async def test_a_connection_whose_server_said_its_last_words_is_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.work.enqueue(_jobs(1))

    async def too_late(*_: object, **__: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "fetch", too_late)
        with pytest.raises(DatabaseUnavailable):
            await bench.work.enqueue(_jobs(1))
    assert len(await bench.work.enqueue(_jobs(1))) == 1


async def test_a_connection_that_ends_while_it_is_made_ready_is_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(connection, "BY_INDEX", "SELECT pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(DatabaseUnavailable):
            await bench.work.enqueue(_jobs(1))
    assert len(await bench.work.enqueue(_jobs(1))) == 1


@pytest.mark.parametrize("n", [0, 1, 1001])
async def test_any_number_of_jobs_is_one_call(bench: Bench, n: int) -> None:
    assert len(await bench.work.enqueue(_jobs(n))) == n
