"""Lost connections, dropped partitions, late housekeepers and other systems' producers."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from msgspec import Raw
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Count, Move
from graveshift.drivers.postgres import PostgresQueue, rollup
from graveshift.errors import DatabaseUnavailable
from graveshift.store.engine import create_engine, open_unit
from graveshift.wire.jobs import NewJob
from graveshift.wire.selection import Filter
from graveshift.work import Condition
from tests.contract.bench import ALL, Bench, PostgresUnits, failure, native

WORKER = UUID(int=1)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def queue(engine: AsyncEngine) -> AsyncIterator[PostgresQueue]:
    queue = PostgresQueue(engine, "here")
    yield queue
    await queue.close()


@pytest.fixture
def bench(engine: AsyncEngine, queue: PostgresQueue) -> Bench:
    return Bench(queue, PostgresUnits(engine))


async def run(engine: AsyncEngine, statement: str, **named: Any) -> Any:
    """Run and commit one statement; gives the first value of its first row."""
    async with engine.begin() as connection:
        result = await connection.execute(text(statement), named)
        return result.scalar() if result.returns_rows else None


KILL = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


async def test_held_connections_open_again_after_they_were_killed(bench: Bench, database: str) -> None:
    (id,) = await bench.put()
    (job,) = await bench.take()
    outsider = create_engine(database)
    await run(outsider, KILL)
    with pytest.raises(DatabaseUnavailable):
        await bench.take()
    assert await bench.take() == []
    await run(outsider, KILL)
    await outsider.dispose()
    assert list(await bench.work.finish([job.ticket], "w")) == []
    found = await bench.jobs.one(str(id))
    assert found is not None
    assert found.state == "done"


async def test_a_worker_that_was_forgotten_is_known_again_with_its_next_beat(bench: Bench, engine: AsyncEngine) -> None:
    await bench.work.register(WORKER, "host", 1, "1.0", ["mail"])
    await run(engine, "UPDATE graveshift.workers SET heartbeat_at = now() - interval '6 minutes'")
    await bench.upkeep.sweep(3)
    assert await bench.source.workers() == []
    await bench.work.beat(WORKER, [], 60.0, Condition())
    (found,) = await bench.source.workers()
    assert (found.host, found.queues, found.state) == ("host", ["mail"], "running")


@pytest.mark.parametrize(
    "payload",
    [b'"\\u0000"', b'"\\ud800 \\udfff"', b'{"a":1,"a":2, "b" : [1.0, 1e400]}', b'"' + b"x" * 1_000_000 + b'"'],
)
async def test_hostile_payloads_come_through_death_and_requeue_unchanged(bench: Bench, payload: bytes) -> None:
    await bench.work.enqueue([NewJob(queue="mail", kind="send", payload=Raw(payload))])
    for attempt in (1, 2, 3):
        (job,) = await bench.take()
        assert (bytes(job.payload), job.ticket.attempt) == (payload, attempt)
        await bench.kill(job)
        (letter,) = (await bench.letters.page(ALL, None, 10)).items
        detail = await bench.letters.one(native(letter.id))
        assert detail is not None
        assert bytes(detail.payload or b"") == payload
        await bench.move([native(letter.id)], run=attempt)


async def test_producers_enqueue_in_sql_within_their_own_transaction(bench: Bench, engine: AsyncEngine) -> None:
    call = """SELECT graveshift.enqueue('mail', 'send', '{"a": "\\u0000"}', unique_key => 'k', priority => 2)"""
    first = await run(engine, call)
    assert await run(engine, call) == first
    async with engine.connect() as connection:
        await connection.execute(text("SELECT graveshift.enqueue('mail', 'send')"))
    (job,) = await bench.take()
    assert (job.ticket.id, bytes(job.payload), job.priority) == (first, b'{"a": "\\u0000"}', 2)
    for bad in ("'a b', 'send'", "'mail', 'send', max_attempts => 0", "'mail', 'send', priority => 101"):
        with pytest.raises(DBAPIError):
            await run(engine, f"SELECT graveshift.enqueue({bad})")


async def test_a_day_past_keeping_is_dropped_and_counted_out(bench: Bench, engine: AsyncEngine) -> None:
    await bench.dead(3)
    kept = await bench.dead(2, queue="else")
    await run(
        engine, "SELECT graveshift.open_partition('dead', 'dead_20200101', 'died_at', '2020-01-01', '2020-01-02')"
    )
    await run(engine, "UPDATE graveshift.dead SET died_at = '2020-01-01 12:00+00' WHERE queue = 'mail'")
    assert await run(engine, "SELECT count(*) FROM graveshift.dead_20200101") == 3
    await bench.upkeep.roll_up()
    assert (await bench.depth())["dead"] == 3
    assert await bench.prune(14) == 1
    assert "dead" not in await bench.depth()
    assert (await bench.depth("else"))["dead"] == 2
    assert await bench.letters.count(ALL) == Count(2)
    assert await bench.prune(14) == 0
    assert [native(letter.id) for letter in (await bench.letters.page(ALL, None, 9)).items] == kept[::-1]
    (group,) = (await bench.letters.groups(ALL, None, 9)).items
    assert (group.queue, group.dead) == ("else", 2)


async def test_letters_of_days_without_a_partition_are_pruned_too(bench: Bench, engine: AsyncEngine) -> None:
    await bench.dead(2)
    await run(engine, "UPDATE graveshift.dead SET died_at = '2019-05-05'")
    await bench.prune(14)
    assert "dead" not in await bench.depth()
    assert await bench.letters.count(ALL) == Count(0)


async def test_a_day_that_came_too_late_stays_in_the_default(bench: Bench, engine: AsyncEngine) -> None:
    name = await run(engine, "SELECT 'dead_' || to_char((now() AT TIME ZONE 'UTC')::date, 'YYYYMMDD')")
    await run(engine, f"DROP TABLE graveshift.{name}")
    letters = await bench.dead(2)
    assert await run(engine, "SELECT count(*) FROM graveshift.dead_rest") == 2
    await bench.prune(14)
    assert await bench.letters.count(ALL) == Count(2)
    await bench.move(letters)
    assert await bench.prune(14) == 1


async def test_causes_beyond_the_room_of_a_queue_fall_into_other(bench: Bench, engine: AsyncEngine) -> None:
    letters = [(await bench.dead(fingerprint=f"f{n}"))[0] for n in range(3)]
    await rollup.roll_up(engine, room=2)
    letters += await bench.dead(fingerprint="f9")
    await rollup.roll_up(engine, room=2)
    groups = {group.fingerprint: group for group in (await bench.letters.groups(ALL, None, 9)).items}
    assert {name: group.dead for name, group in groups.items()} == {"f0": 1, "f1": 1, "other": 2}
    assert groups["other"].error_type == "other"
    assert await bench.letters.count(Filter(fingerprint="f9")) == Count(1)
    await bench.move(letters)
    await rollup.roll_up(engine, room=2)
    assert (await bench.letters.groups(ALL, None, 9)).items == []


async def test_a_roll_up_in_small_bites_ends_at_the_same_numbers(bench: Bench, engine: AsyncEngine) -> None:
    letters = await bench.dead(5)
    await bench.put(max_attempts=2)
    await bench.work.fail([failure(job.ticket, fingerprint="f2") for job in await bench.take()])
    await bench.move(letters[:2])
    before = {key: n for key, n in (await bench.upkeep.counters()).depth.items() if n}
    while await rollup.roll_up(engine, at_once=1):
        now = {key: n for key, n in (await bench.upkeep.counters()).depth.items() if n}
        assert now == before
    groups = (await bench.letters.groups(ALL, None, 9)).items
    assert {(g.fingerprint, g.dead, g.retrying) for g in groups} == {("f1", 3, 0), ("f2", 0, 1)}
    assert {(g.error_type, g.message) for g in groups} == {("ValueError", "no such address: <n>")}


async def test_a_move_that_was_not_committed_did_not_happen(bench: Bench, engine: AsyncEngine) -> None:
    letters = await bench.dead(3)
    depth = await bench.depth()
    for to in Move:
        async with open_unit(engine) as unit:
            verdicts = await bench.source.move(unit, letters, to, 7)
            assert {verdict.outcome for verdict in verdicts} == {"moved"}
    assert await bench.depth() == depth
    assert list(await bench.source.standing(letters)) == letters
