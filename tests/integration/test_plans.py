"""How PostgreSQL goes about the hot statements: by index, however wrong what it last heard of the tables is."""

from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import pytest
from sqlalchemy import TextClause, text

from graveshift.drivers.postgres import bare, claiming, ending, groups
from graveshift.drivers.postgres.claiming import BEGIN, CLAIM, RELEASE
from graveshift.drivers.postgres.connection import Held
from graveshift.drivers.postgres.ending import END, FAIL
from graveshift.drivers.postgres.presence import BEAT
from graveshift.wire.selection import Filter
from graveshift.work import Ticket
from tests.workshop import Workshop

WHOLE = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'graveshift' AND relname = 'jobs'"
BURST = text("""
INSERT INTO graveshift.jobs (queue, kind, state) SELECT 'q', 'k', 'waiting' FROM generate_series(1, CAST(:n AS integer))
""")
CAUSES, SHOWN = 200, 10
FAILED = (
    text("""
INSERT INTO graveshift.groups (queue, kind, fingerprint, error_type, message, dead, first_seen, last_seen)
SELECT 'q', 'k', 'f' || i, 'Timeout', 'no answer', 1, now() - interval '1 hour', now()
FROM generate_series(1, CAST(:causes AS integer)) i
"""),
    text("""
INSERT INTO graveshift.group_flow (bucket, queue, kind, fingerprint, n)
SELECT date_bin('1 minute', now(), 'epoch') - m * interval '1 minute', 'q', 'k', 'f' || i,
       CASE WHEN m < 2 THEN i ELSE 1 END
FROM generate_series(1, CAST(:causes AS integer)) i, generate_series(0, 40) m
"""),
)
FLOW = text("""
SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
WHERE schemaname = 'graveshift' AND relname = 'group_flow'
""")
PREPARED = text("SELECT statement, custom_plans FROM pg_prepared_statements")
FENCED: Mapping[str, TextClause] = {"end": END, "fail": FAIL, "release": RELEASE, "begin": BEGIN, "beat": BEAT}


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(database)
    yield workshop
    await workshop.close()


async def _burst(shop: Workshop, n: int) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(BURST, {"n": n})


async def _claim(held: Held, limit: int) -> list[Ticket]:
    wish = claiming.Wish(uuid4(), [], ["k"], limit, 30.0, limit)
    return [one.ticket for one in await claiming.claim(held, wish)]


@pytest.mark.parametrize("name", FENCED)
async def test_a_fenced_statement_finds_its_jobs_by_their_ids(shop: Workshop, name: str) -> None:
    """By their leases it would compare every ticket with every job that runs."""
    await _burst(shop, 2000)
    async with shop.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE graveshift.jobs"))
        driver = await bare.driver_of(connection)
        await driver.execute("SET plan_cache_mode = force_generic_plan")
        sql, names = bare._compiled(FENCED[name])
        await driver.execute(f"PREPARE fenced AS {sql}")
        values = ", ".join(["NULL"] * len(names))
        plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN EXECUTE fenced ({values})"))
    assert "jobs_pkey" in plan
    assert "jobs_lease" not in plan
    assert "Seq Scan on jobs" not in plan


async def test_a_plan_that_was_made_while_the_queue_was_all_but_empty_does_not_read_a_full_one(shop: Workshop) -> None:
    held = Held(shop.engine)
    await _burst(shop, 20)
    for statement in ("ALTER TABLE graveshift.jobs SET (autovacuum_enabled = false)", "VACUUM ANALYZE graveshift.jobs"):
        await held.rows(text(statement), {})
    for _ in range(8):
        await ending.end(held, await _claim(held, 1), "w", "done")
    await _burst(shop, 20_000)
    before = await _read(held)
    for _ in range(5):
        await ending.end(held, await _claim(held, 2), "w", "done")
    after = await _read(held)
    await held.close()
    assert after - before < 1000


async def _read(held: Held) -> int:
    """Rows of jobs that were met by reading it from end to end, as far as this connection has told."""
    rows = await held.rows(text("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()"), {})
    assert rows
    return int((await held.rows(text(WHOLE), {}))[0][0])


async def test_a_claim_is_planned_once_and_not_for_its_values(shop: Workshop) -> None:
    held = Held(shop.engine)
    await _burst(shop, 200)
    for _ in range(30):
        await _claim(held, 5)
    plans = {row.statement: row.custom_plans for row in await held.rows(PREPARED, {})}
    await held.close()
    assert plans[bare._compiled(CLAIM)[0]] == 0


@pytest.mark.parametrize("analyzed", [False, True], ids=["as planned for an empty table", "analyzed"])
async def test_causes_are_ranked_without_reading_the_half_hour_of_all(shop: Workshop, analyzed: bool) -> None:
    for statement in FAILED:
        async with shop.engine.begin() as connection:
            await connection.execute(statement, {"causes": CAUSES})
    async with shop.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        if analyzed:
            await connection.execute(text("ANALYZE graveshift.groups, graveshift.group_flow"))
    statement, named = groups.ranking(Filter(), "native")
    async with shop.engine.begin() as connection:
        ranked = {**named, "even_empty": False, "limit": SHOWN, "skipped": 0}
        rows = (await connection.execute(statement, ranked)).all()
        read = (await connection.execute(FLOW)).scalar_one()
    page = await groups.page(shop.engine, "native", Filter(), None, SHOWN)
    assert [row.fingerprint for row in rows] == [f"f{i}" for i in range(CAUSES, CAUSES - SHOWN, -1)]
    assert [sum((group.trend or [])[:-2]) for group in page.items] == [groups.TREND - 2] * SHOWN
    assert read <= 2 * CAUSES + SHOWN * (groups.TREND + 1)
