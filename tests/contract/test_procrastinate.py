"""Procrastinate keeps the ports honest: its real failed jobs, made by its own library, are letters here."""

from collections.abc import AsyncIterator
from datetime import timedelta

import procrastinate
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Can, Frozen, Move
from graveshift.drivers.procrastinate import ProcrastinateSource
from graveshift.errors import Unsupported
from graveshift.store.engine import create_engine, open_unit
from graveshift.store.index import index
from graveshift.store.letters import ForeignLetters
from graveshift.touch import Order, Touch
from graveshift.wire import ids
from graveshift.wire.runs import Outcome
from graveshift.wire.selection import Filter
from graveshift.wire.workers import WorkerState

ELSEWHERE = """
UPDATE procrastinate_jobs SET queue_name = 'other' WHERE id = (SELECT max(id) FROM procrastinate_jobs)
"""


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def app(database: str) -> AsyncIterator[procrastinate.App]:
    connector = procrastinate.PsycopgConnector(conninfo=database.replace("+asyncpg", ""))
    app = procrastinate.App(connector=connector)

    @app.task(name="mail.send", queue="mail")
    async def send(address: str) -> None:
        if "@" not in address:
            raise ValueError(f"{address} is no address")

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        yield app


async def fail(app: procrastinate.App, *addresses: str) -> None:
    for address in addresses:
        await app.configure_task("mail.send", queue="mail").defer_async(address=address)
    await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)


@pytest.fixture
def source(engine: AsyncEngine) -> ProcrastinateSource:
    return ProcrastinateSource(engine, "legacy")


def native(public: str) -> str:
    decoded = ids.decode(public)
    assert decoded is not None
    return decoded[1]


async def frozen_now(engine: AsyncEngine, source: ProcrastinateSource) -> Frozen:
    return await ForeignLetters(engine, source).freeze()


async def test_a_failed_job_becomes_an_indexed_letter(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "ana@example.org", "nobody", "none")
    assert await index(engine, source) == 2
    letters = ForeignLetters(engine, source)
    page = await letters.page(Filter(), None, 1)
    assert (page.total, page.total_is_exact, len(page.items)) == (2, True, 1)
    rest = await letters.page(Filter(queue="mail", kind="mail.send"), page.next_cursor, 10)
    assert len(rest.items) == 1
    assert rest.next_cursor is None
    assert page.items[0].died_at > rest.items[0].died_at
    detail = await letters.one(native(page.items[0].id))
    assert detail is not None
    assert bytes(detail.payload or b"") == b'{"address": "none"}'
    assert [attempt.attempt for attempt in detail.history] == [1]
    assert detail.max_attempts is None, "procrastinate does not say how often it would try"


async def test_groups_are_by_task_and_find_their_letters(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "nobody", "none")
    await index(engine, source)
    letters = ForeignLetters(engine, source)
    [group] = (await letters.groups(Filter(), None, 10)).items
    assert (group.queue, group.kind, group.dead, group.retrying) == ("mail", "mail.send", 2, None)
    assert await letters.group(native(group.id)) == group
    assert (await letters.count(Filter(fingerprint=group.fingerprint))).n == 2


async def test_causes_that_have_no_room_on_a_page_are_counted_all_the_same(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "nobody", "none")
    async with engine.begin() as connection:
        await connection.execute(text(ELSEWHERE))
    await index(engine, source)
    page = await ForeignLetters(engine, source).groups(Filter(), None, 1)
    assert (len(page.items), page.total, page.total_is_exact) == (1, 2, True)


async def test_a_requeue_goes_through_its_own_function_and_leaves_the_index(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "nobody", "none")
    await index(engine, source)
    letters = ForeignLetters(engine, source)
    frozen = await letters.freeze()
    first, second = await letters.pick(Filter(), frozen, None, 10)
    async with open_unit(engine) as unit:
        [verdict] = await source.move(unit, [first], Move.REQUEUE, 1)
        assert verdict.outcome is Outcome.MOVED
        [again] = await source.move(unit, [first], Move.REQUEUE, 2)
        assert again.outcome is Outcome.GONE
    await index(engine, source)
    assert await letters.pick(Filter(), await letters.freeze(), None, 10) == [second]
    [queue] = await source.queues()
    assert (queue.name, queue.retrying, queue.dead, queue.paused) == ("mail", 1, 1, None)


async def test_a_run_killed_between_effect_and_outcome_finds_what_it_moved(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "nobody")
    await index(engine, source)
    [native] = await ForeignLetters(engine, source).pick(Filter(), await frozen_now(engine, source), None, 10)
    intent = text("INSERT INTO graveshift_ledger.items (run_id, id) VALUES (1, :id)")
    async with open_unit(engine) as unit:
        await unit.execute(intent, {"id": ids.encode("legacy", native)})
        await unit.commit()
    for _ in range(2):
        async with open_unit(engine) as unit:
            [verdict] = await source.move(unit, [native], Move.REQUEUE, 1)
            assert verdict.outcome is Outcome.MOVED
    [queue] = await source.queues()
    assert queue.retrying == 1


async def test_a_recall_brings_the_letter_back_under_its_id_unless_a_worker_was_quicker(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "nobody", "none")
    await index(engine, source)
    letters = ForeignLetters(engine, source)
    natives = await letters.pick(Filter(), await letters.freeze(), None, 10)
    async with open_unit(engine) as unit:
        await source.move(unit, natives[:1], Move.REQUEUE, 1)
        [verdict] = await source.recall(unit, natives[:1], 1)
        assert verdict.outcome is Outcome.MOVED
        assert await source.standing(natives) == list(natives)
        await source.move(unit, natives[:1], Move.REQUEUE, 1)
        await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)
        [late] = await source.recall(unit, natives[:1], 1)
        assert late.outcome is Outcome.GONE


async def test_a_frozen_selection_leaves_out_what_arrived_later(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "nobody")
    await index(engine, source)
    letters = ForeignLetters(engine, source)
    frozen = await letters.freeze()
    await fail(app, "none")
    await index(engine, source)
    assert len(await letters.pick(Filter(), frozen, None, 10)) == 1
    assert (await letters.arrived(Filter(), frozen)).n == 1
    assert (await letters.count(Filter(), frozen)).n == 1
    assert (await letters.count(Filter())).n == 2


async def test_a_letter_deleted_behind_our_back_leaves_the_index(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource, database: str
) -> None:
    await fail(app, "nobody")
    await index(engine, source)
    with psycopg.connect(database.replace("+asyncpg", "")) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
    await index(engine, source)
    assert (await ForeignLetters(engine, source).count(Filter())).n == 0


async def test_what_it_cannot_do_is_not_in_can_and_is_refused(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    assert Can.DISCARD not in source.can
    assert Can.PAUSE not in source.can
    async with open_unit(engine) as unit:
        with pytest.raises(Unsupported):
            await source.move(unit, ["1-1"], Move.DISCARD, 1)
        with pytest.raises(Unsupported):
            await source.pause(unit, "mail", None, None, "ana")
        with pytest.raises(Unsupported):
            await source.touch(unit, ["1"], Order(Touch.HOLD, 1))
        with pytest.raises(Unsupported):
            await source.drain(unit, "mail", None, "ana")


@pytest.mark.parametrize("native", ["", "1", "x-1", "1-x", "99999999999999999-1", "1-99999999999999999999"])
async def test_a_malformed_letter_id_is_nothing(
    app: procrastinate.App, source: ProcrastinateSource, native: str
) -> None:
    assert await source.fetch(native) is None


async def test_an_old_letter_is_found_by_time(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    await fail(app, "nobody")
    await index(engine, source)
    async with engine.connect() as connection:
        now = (await connection.execute(text("SELECT now()"))).scalar_one()
    letters = ForeignLetters(engine, source)
    assert (await letters.count(Filter(died_after=now - timedelta(hours=1)))).n == 1
    assert (await letters.count(Filter(died_before=now - timedelta(hours=1)))).n == 0


async def test_a_worker_is_silent_once_procrastinate_takes_it_for_stalled(
    app: procrastinate.App, engine: AsyncEngine, source: ProcrastinateSource
) -> None:
    async with engine.begin() as connection:
        for seconds in (5, 31):
            await connection.execute(
                text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :s))"),
                {"s": seconds},
            )
    assert [worker.state for worker in await source.workers()] == [None, WorkerState.SILENT]
