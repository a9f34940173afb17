"""Migrations bring a database to the head, and whoever serves can tell that one is behind."""

import asyncio

import pytest
from sqlalchemy import text

from graveshift import migrations
from graveshift.errors import DatabaseAhead, DatabaseBehind, DatabaseUnavailable
from graveshift.store.engine import create_engine


async def test_the_template_is_at_the_head(database: str) -> None:
    assert await migrations.current(database) == migrations.head()
    await migrations.require_head(database)


async def test_a_database_that_was_never_migrated_is_refused_with_the_command_to_run(empty_database: str) -> None:
    with pytest.raises(DatabaseBehind, match="graveshift migrate"):
        await migrations.require_head(empty_database)


async def test_a_database_one_step_behind_is_refused_then_brought_up(empty_database: str) -> None:
    assert await migrations.upgrade(empty_database, "0001") == "0001"
    with pytest.raises(DatabaseBehind, match="it is at 0001"):
        await migrations.require_head(empty_database)
    assert await migrations.upgrade(empty_database) == migrations.head()


async def test_processes_that_migrate_at_once_take_turns(empty_database: str) -> None:
    reached = await asyncio.gather(*[migrations.upgrade(empty_database) for _ in range(3)])
    assert reached == [migrations.head()] * 3


async def test_a_server_that_does_not_answer_is_named_as_such(database: str) -> None:
    nowhere = database.partition("?")[0] + "?host=/nonexistent"
    with pytest.raises(DatabaseUnavailable):
        await migrations.current(nowhere)


async def test_a_database_of_a_newer_version_is_not_called_behind(database: str) -> None:
    engine = create_engine(database)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE graveshift_ledger.alembic_version SET version_num = 'later'"))
    await engine.dispose()
    for act in (migrations.require_head, migrations.upgrade):
        with pytest.raises(DatabaseAhead, match="it is at later"):
            await act(database)


async def test_a_job_of_a_time_beyond_all_calendars_is_brought_into_the_last_year(empty_database: str) -> None:
    await migrations.upgrade(empty_database, "0013")
    engine = create_engine(empty_database)
    async with engine.begin() as connection:
        for at in ("20000-01-01 00:00Z", "infinity", "2500-01-01 00:00Z"):
            await connection.execute(text(f"SELECT graveshift.enqueue('mail', 'send', run_at => '{at}')"))
    await migrations.upgrade(empty_database)
    async with engine.begin() as connection:
        year = text("SELECT CAST(extract(year FROM run_at AT TIME ZONE 'UTC') AS integer) FROM graveshift.jobs")
        years = (await connection.execute(year)).scalars().all()
    await engine.dispose()
    assert sorted(years) == [2500, 9998, 9998]
