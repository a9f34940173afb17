"""Pages of letters where few fit: short, and never the last while there are more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres import PostgresQueue
from graveshift.drivers.postgres.chosen import inside, letters_where
from graveshift.drivers.postgres.connection import Ready
from graveshift.drivers.postgres.drafting import Draft
from graveshift.store.engine import create_engine
from graveshift.wire.dlq import Letter
from graveshift.wire.page import Page
from graveshift.wire.selection import Filter
from tests.contract.bench import Bench, PostgresUnits, native
from tests.waiting import until

NOTHING = timedelta(0)
TIMEOUTS = 10


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def bench(engine: AsyncEngine) -> AsyncIterator[Bench]:
    queue = PostgresQueue(engine, "here")
    yield Bench(queue, PostgresUnits(engine))
    await queue.close()


@pytest.fixture
async def timeouts(bench: Bench) -> list[str]:
    """Native ids, oldest first, each after three letters of another cause."""
    found: list[str] = []
    for n in range(TIMEOUTS):
        await bench.dead(3, error_message="refused", fingerprint="f2")
        found += await bench.dead(1, error_message=f"timeout {n}")
    return found


def hurried(monkeypatch: pytest.MonkeyPatch, span: timedelta, *, rare: int = 1) -> None:
    """Walks take so long, and so many matches for each letter that is wanted are rare."""
    for name, value in (
        *(("walking.RARE", 5 * rare), ("walking.RARE_SHOWN", rare)),
        *(("walking.LONG", span), ("walking.BRIEF", span), ("letters.SHOWN", span)),
    ):
        monkeypatch.setattr(f"graveshift.drivers.postgres.{name}", value)


async def pages(bench: Bench, chosen: Filter, limit: int = 4) -> list[Page[Letter]]:
    """All of them, newest first."""
    found = [await bench.letters.page(chosen, None, limit)]
    while found[-1].next_cursor is not None:
        found.append(await bench.letters.page(chosen, found[-1].next_cursor, limit))
    return found


def ids(found: list[Page[Letter]]) -> list[str]:
    return [native(letter.id) for page in found for letter in page.items]


@pytest.mark.parametrize("span", [NOTHING, timedelta(milliseconds=50)])
@pytest.mark.parametrize("chosen", [Filter(text="timeout"), Filter(text="timeout", queue="mail")])
async def test_common_words_are_found_look_by_look(
    bench: Bench, timeouts: list[str], monkeypatch: pytest.MonkeyPatch, span: timedelta, chosen: Filter
) -> None:
    hurried(monkeypatch, span)
    frozen = await bench.letters.freeze()
    assert list(await bench.letters.pick(chosen, frozen, None, 100)) == timeouts
    assert list(await bench.letters.pick(chosen, frozen, timeouts[3], 2)) == timeouts[4:6]
    assert ids(await pages(bench, chosen)) == timeouts[::-1]
    counted = await bench.letters.count(chosen)
    assert counted.n == len(timeouts) or not counted.exact


async def test_pages_after_one_that_found_a_word_common_count_as_it_did(
    bench: Bench, timeouts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch, NOTHING)
    found = await pages(bench, Filter(text="timeout"))
    assert {(page.total, page.total_is_exact) for page in found} == {(5, False)}
    assert any(len(page.items) < 4 for page in found[:-1])


async def test_a_rare_word_is_on_one_page_with_its_count_however_little_time_there_is(
    bench: Bench, timeouts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch, NOTHING, rare=10)
    (page,) = await pages(bench, Filter(text="timeout"), limit=TIMEOUTS)
    assert (ids([page]), page.total, page.total_is_exact) == (timeouts[::-1], TIMEOUTS, True)


async def test_letters_that_no_index_leads_to_are_found_page_by_page(
    bench: Bench, timeouts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch, NOTHING)
    for chosen in (Filter(fingerprint="f1", kind="send"), Filter(without=[Filter(text="refused")])):
        assert ids(await pages(bench, chosen)) == timeouts[::-1]
    assert ids(await pages(bench, Filter(attempts_min=50))) == []


def test_values_of_a_statement_are_numbered_as_they_are_put_in() -> None:
    draft = Draft()
    first = draft.all(letters_where(Filter(queue="mail", kind="send"), "here"))
    then = draft.value("between")
    last = draft.all(inside(Filter(text="timeout")))
    assert (first.count("$1"), first.count("$2"), then, last.count("$4")) == (1, 1, "$3", 1)
    assert draft.values == ["mail", "send", "between", "timeout"]


async def test_a_read_that_comes_while_the_held_connection_is_busy_does_not_wait_for_it(engine: AsyncEngine) -> None:
    ready = Ready(engine)
    locking, asking = text("SELECT 1 FROM pg_advisory_lock(4242)"), text("SELECT 2 AS n")
    async with engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_lock(4242)"))
        waiting = asyncio.create_task(ready.rows(locking, {}))
        await until(lambda: _waits(engine), within=10, what="a statement that waits for the lock")
        assert [row.n for row in await ready.rows(asking, {})] == [2]
        assert not waiting.done()
        await other.execute(text("SELECT pg_advisory_unlock(4242)"))
        await waiting
    await ready.close()


async def _waits(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        found = await connection.scalar(
            text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
        )
    return bool(found)
