"""The clockwork: one backend leads, another takes over, errors are survived, and what it did is known."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift import loops
from graveshift.drivers.postgres import PostgresQueue
from graveshift.errors import Fenced
from graveshift.loops import Chores, Clockwork, Loop
from graveshift.settings import LoopSettings, QueueSettings
from graveshift.store.audit import AuditBook
from graveshift.store.engine import create_engine, open_unit
from graveshift.store.keeping import KeepingBook, LedgerDays
from graveshift.store.leases import LeaseBook
from graveshift.store.samples import SampleBook
from graveshift.work import Guard
from tests.waiting import until


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


class Bench:
    """A clockwork of one loop that counts its turns."""

    def __init__(self, engine: AsyncEngine, act: Callable[[Guard], Awaitable[object]] | None = None) -> None:
        self.turns = 0
        self.loop = Loop("count", 0.01, act or self._count)
        self.clockwork = Clockwork([self.loop], LeaseBook(engine, uuid4()), partial(open_unit, engine))
        self.stop = asyncio.Event()

    async def _count(self, guard: Guard) -> None:
        self.turns += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Bench"]:
        task = asyncio.create_task(self.clockwork.run_forever(self.stop))
        try:
            yield self
        finally:
            self.stop.set()
            await task


async def test_one_leads_and_another_takes_over_when_it_stops(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "RENEW_S", 0.05)
    first, second = Bench(engine), Bench(engine)
    async with second.running():
        await until(lambda: second.turns)
        async with first.running():
            seen = second.turns
            await until(lambda: second.turns > seen + 5)
            assert first.turns == 0
            assert (await first.clockwork.check()).detail == "another backend leads"
            second.stop.set()
            await until(lambda: first.turns)
            assert (await first.clockwork.check()).ok


async def test_a_leader_whose_lease_was_taken_stops_acting(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "RENEW_S", 0.2)
    async with Bench(engine).running() as bench:
        await until(lambda: bench.turns)
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE graveshift_ledger.leases SET owner = :me, epoch = epoch + 1, until = now() + '1 h'"),
                {"me": uuid4()},
            )
        seen = bench.turns
        await asyncio.sleep(0.3)
        assert bench.turns <= seen + 1
        assert (await bench.clockwork.check()).detail == "another backend leads"


async def test_a_loop_that_fails_goes_on_and_health_says_so(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "LEASE_S", 0.3)
    monkeypatch.setattr(loops, "RENEW_S", 0.05)
    failing = True
    calls = 0

    async def act(guard: Guard) -> None:
        nonlocal calls
        calls += 1
        if failing:
            raise RuntimeError("boom")

    async with Bench(engine, act).running() as bench:

        async def stale() -> bool:
            return "stale: count" in (await bench.clockwork.check()).detail

        await until(lambda: calls > 2)
        assert bench.clockwork.last_success() == {}
        await until(stale)
        assert not (await bench.clockwork.check()).ok
        failing = False
        await until(bench.clockwork.last_success)


@pytest.mark.parametrize("what", ["take", "renew", "give_up"])
async def test_no_error_ends_the_clockwork(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(loops, "RENEW_S", 0.02)
    truly, failed = getattr(LeaseBook, what), 0

    async def broken(book: LeaseBook, *arguments: Any) -> Any:
        nonlocal failed
        failed += 1
        if failed < 3:
            raise RuntimeError("nobody foresaw this")
        return await truly(book, *arguments)

    monkeypatch.setattr(LeaseBook, what, broken)
    bench = Bench(engine)
    async with bench.running():
        await until(lambda: bench.turns)
        if what != "give_up":
            await until(lambda: failed >= 3)
            seen = bench.turns
            await until(lambda: bench.turns > seen)
    assert failed


async def test_a_clockwork_that_does_not_run_is_not_healthy(engine: AsyncEngine) -> None:
    assert not (await Bench(engine).clockwork.check()).ok


async def test_the_chores_roll_up_sample_and_tidy(engine: AsyncEngine) -> None:
    queue = PostgresQueue(engine)
    tidied = 0

    async def tidy() -> None:
        nonlocal tidied
        tidied += 1

    async def broken() -> None:
        raise RuntimeError("this one is broken; the others are not")

    pace = LoopSettings(roll_up_s=0.05, sweep_s=0.05, sample_s=1, index_s=0.05, prune_s=0.2, tidy_s=0.05)
    chores = Chores(
        partial(open_unit, engine),
        queue.upkeep,
        SampleBook(engine),
        pace,
        QueueSettings(),
        KeepingBook(engine, AuditBook(engine), LedgerDays()),
        index=[],
        tidy=[broken, tidy],
    )
    clockwork = Clockwork(chores.loops(), LeaseBook(engine, uuid4()), partial(open_unit, engine))
    async with engine.begin() as connection:
        for n in range(3):
            await connection.execute(text("SELECT graveshift.enqueue('mail', 'send', CAST(:n AS json))"), {"n": str(n)})
        old = "INSERT INTO graveshift_ledger.samples VALUES (now() - interval '2 days', 'depth', 'mail', 1)"
        await connection.execute(text(old))
    stop = asyncio.Event()
    task = asyncio.create_task(clockwork.run_forever(stop))

    async def sampled() -> bool:
        async with engine.connect() as connection:
            rows = await connection.execute(text("SELECT name, value FROM graveshift_ledger.samples ORDER BY at DESC"))
            found = {row.name: row.value for row in rows}
            deltas = (await connection.execute(text("SELECT count(*) FROM graveshift.deltas"))).scalar_one()
            old = await connection.execute(
                text("SELECT count(*) FROM graveshift_ledger.samples WHERE at < now() - interval '1 d'")
            )
            return found.get("depth") == 3 and found.get("enqueued") == 3 and deltas == 0 and old.scalar_one() == 0

    try:
        await until(sampled, within=30)
        await until(lambda: tidied > 1, within=30)
        await until(lambda: len(clockwork.last_success()) == 6, within=30)
        assert "tidy" not in clockwork.last_success()
    finally:
        stop.set()
        await task
        await queue.close()


async def test_a_sample_of_a_leader_that_lost_its_lease_is_not_kept(engine: AsyncEngine) -> None:
    async def fenced(unit: object) -> None:
        raise Fenced

    queue = PostgresQueue(engine)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT graveshift.enqueue('mail', 'send')"))
    ledger = KeepingBook(engine, AuditBook(engine), LedgerDays())
    chores = Chores(
        partial(open_unit, engine), queue.upkeep, SampleBook(engine), LoopSettings(), QueueSettings(), ledger
    )
    sample = next(loop for loop in chores.loops() if loop.name == "sample")
    with pytest.raises(Fenced):
        await sample.act(fenced)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM graveshift_ledger.samples"))).scalar_one() == 0
    await queue.close()


async def test_a_lease_is_looked_at_and_not_held(engine: AsyncEngine) -> None:
    book = LeaseBook(engine, uuid4())
    epoch = await book.take("loops", 30)
    assert epoch is not None
    async with asyncio.timeout(5), open_unit(engine) as unit:
        await book.check(unit, "loops", epoch)
        assert await book.renew("loops", epoch, 30)
        await book.give_up("loops", epoch)
        assert await LeaseBook(engine, uuid4()).take("loops", 30) == epoch + 1
    async with open_unit(engine) as unit:
        with pytest.raises(Fenced):
            await book.check(unit, "loops", epoch)


async def test_a_lease_that_has_run_out_is_no_lease_although_nobody_took_it(engine: AsyncEngine) -> None:
    book = LeaseBook(engine, uuid4())
    epoch = await book.take("loops", 30)
    assert epoch is not None
    await book.give_up("loops", epoch)
    async with open_unit(engine) as unit:
        with pytest.raises(Fenced):
            await book.check(unit, "loops", epoch)
