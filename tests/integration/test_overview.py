"""What the first screen is told, beyond what it can list."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import TextClause, event, text

from graveshift.drivers.postgres import PostgresQueue, bare, groups, rollup
from graveshift.drivers.postgres.queues import AGES, LOOK, QUEUES, counters
from graveshift.store.engine import create_engine
from tests.api_service import Service, serving
from tests.contract.bench import Bench, PostgresUnits, failure

# What one overview may ask: queues, causes, pace, workers, live runs, two pages, secrets.
STATEMENTS = 8

FILL = text("""
INSERT INTO graveshift.jobs (queue, kind, state)
SELECT 'deep-' || i % 20, 'send', 'waiting' FROM generate_series(1, 20000) i
""")
SEEN = text("""
SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE schemaname = 'graveshift' AND relname = 'jobs'
""")


async def fail_of(causes: int, service: Service) -> None:
    """One failed attempt of each cause."""
    queue = PostgresQueue(service.engine)
    bench = Bench(queue, PostgresUnits(service.engine))
    await bench.put(*["{}"] * causes)
    jobs = await bench.take(causes)
    await bench.work.fail([failure(job.ticket, fingerprint=f"f{n}") for n, job in enumerate(jobs)])
    await queue.close()


async def test_the_totals_count_failures_of_causes_that_are_not_shown(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as admin:
        await fail_of(25, service)
        seen = (await admin.get("/v1/overview")).json()
    assert len(seen["groups"]) == 20
    assert seen["totals"]["failing_per_min"] > 20
    assert sum(seen["totals"]["trend"][-2:]) == 25
    assert seen["as_of"][:16] <= seen["totals"]["minute"][:16]
    assert seen["totals"]["minute"].endswith(":00Z")


async def test_the_pace_of_all_causes_is_the_same_before_and_after_they_are_rolled_up(
    database: str, tmp_path: Path
) -> None:
    async with serving(database, tmp_path) as service:
        await fail_of(25, service)
        while await rollup.roll_up(service.engine):
            pass
        pace = await groups.failing(service.engine)
        async with service.engine.connect() as connection:
            kept = (
                await connection.execute(text("SELECT sum(n) FROM graveshift.minutes WHERE what = 'failed'"))
            ).scalar_one()
    assert (sum(pace.trend), int(kept)) == (25, 25)
    assert pace.per_min > 0


async def test_an_overview_takes_two_connections_and_gives_them_back(database: str, tmp_path: Path) -> None:
    taken: list[object] = []
    async with serving(database, tmp_path) as service, service.client() as admin:
        await admin.get("/v1/overview")
        event.listen(service.engine.sync_engine, "checkout", lambda *of: taken.append(of[0]))
        answer = await admin.get("/v1/overview")
        left = service.engine.sync_engine.pool.status()
    assert answer.status_code == 200
    assert len(taken) <= 3, "the token's, the causes' and all the others'"
    assert "Current Checked out connections: 0" in left


async def test_an_overview_asks_no_more_statements_than_it_has_parts(database: str, tmp_path: Path) -> None:
    asked: list[str] = []
    async with serving(database, tmp_path) as service, service.client() as admin:
        await admin.get("/v1/overview")
        event.listen(service.engine.sync_engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
        answer = await admin.get("/v1/overview")
    assert answer.status_code == 200
    read = [one for one in asked if "graveshift_ledger.tokens" not in one]
    assert 0 < len(read) <= STATEMENTS, [one[:90] for one in read]


NAMES = [f"deep-{n}" for n in range(20)]
READS: dict[str, tuple[TextClause, dict[str, Any]]] = {
    "queues": (QUEUES, {"name": None}),
    "ages": (AGES, {"names": NAMES, "span": LOOK * 100}),
}


@pytest.mark.parametrize("read", READS)
async def test_depth_and_age_are_read_without_a_walk_over_the_jobs(database: str, read: str) -> None:
    engine = create_engine(database)
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(FILL)
        await connection.execute(text("VACUUM ANALYZE graveshift.jobs"))
    async with engine.begin() as connection:
        rows = (await connection.execute(*READS[read])).all()
        whole, by_index = (await connection.execute(SEEN)).one()
    await engine.dispose()
    assert len(rows) >= 20
    assert (whole, by_index > 0) == (0, True)


async def test_an_age_that_takes_long_to_find_leaves_the_other_queues_to_a_statement_of_their_own(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graveshift.drivers.postgres.queues.LOOK", LOOK * 0)
    engine = create_engine(database)
    asked: list[str] = []
    async with engine.begin() as connection:
        await connection.execute(FILL)
    monkeypatch.setattr(bare, "ask", counted(bare.ask, asked))
    found = await counters(engine)
    await engine.dispose()
    assert set(found.oldest_age_s) == set(NAMES)
    assert sum("oldest_age" in sql for sql in asked) == len(NAMES)


def counted(ask: Callable[..., Awaitable[Any]], asked: list[str]) -> Callable[..., Awaitable[Any]]:
    """The same, and every text that goes through it is kept."""

    async def through(driver: Any, sql: str, *rest: Any, **named: Any) -> Any:
        asked.append(sql)
        return await ask(driver, sql, *rest, **named)

    return through
