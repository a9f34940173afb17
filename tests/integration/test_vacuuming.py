"""What ended jobs leave behind is cleared away while traffic goes on, and only where there is much of it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from graveshift.drivers.postgres import claiming, ending
from graveshift.drivers.postgres.connection import Held
from tests.waiting import until
from tests.workshop import Workshop

BURST = """
INSERT INTO graveshift.jobs (queue, kind, state) SELECT 'q', 'k', 'waiting' FROM generate_series(1, CAST(:n AS integer))
"""
WALKED = """
EXPLAIN (ANALYZE, BUFFERS, TIMING off, SUMMARY off, COSTS off)
SELECT queue FROM graveshift.jobs WHERE state NOT IN ('running', 'held') ORDER BY queue LIMIT 1
"""


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    await workshop.rows("SELECT 1")
    async with workshop.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE graveshift.jobs SET (autovacuum_enabled = false)"))
    yield workshop
    await workshop.close()


async def _pass_through(shop: Workshop, n: int) -> None:
    """So many jobs come, are claimed and end."""
    async with shop.engine.begin() as connection:
        await connection.execute(text(BURST), {"n": n})
    held = Held(shop.engine)
    while claimed := await claiming.claim(held, claiming.Wish(uuid4(), [], ["k"], 1000, 30.0, 1000)):
        await ending.end(held, [one.ticket for one in claimed], "w", "done")
    await held.rows(text("SELECT pg_stat_force_next_flush()"), {})
    await held.close()


async def _pages(shop: Workshop) -> int:
    """Pages that a look for the first queue with a job touches."""
    plan = "\n".join(row[0] for row in await shop.rows(WALKED))
    return int(plan.partition("shared hit=")[2].split()[0])


async def test_after_many_jobs_have_passed_a_claim_walks_by_nothing(shop: Workshop) -> None:
    await _pass_through(shop, 12_000)
    before = await _pages(shop)

    async def cleared() -> bool:
        return await shop.queue.upkeep.vacuum() > 0

    await until(cleared, what="the dead rows are known")
    assert before > 20
    assert await _pages(shop) < 5


async def test_a_little_litter_is_left_to_autovacuum(shop: Workshop) -> None:
    await _pass_through(shop, 500)
    assert await shop.queue.upkeep.vacuum() == 0


async def test_a_table_that_another_is_at_is_left_to_it(shop: Workshop) -> None:
    await _pass_through(shop, 12_000)
    async with shop.engine.connect() as other:
        await other.execute(text("LOCK TABLE graveshift.jobs IN SHARE UPDATE EXCLUSIVE MODE"))

        async def seen() -> bool:
            return await shop.queue.upkeep.vacuum() > 0

        await until(seen, what="the dead rows are known")
        await other.rollback()
    assert await shop.value("SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'jobs'") == 0
