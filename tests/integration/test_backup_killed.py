"""A backend killed in the middle of a backup leaves nothing behind once the backup was resumed."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.operations.backup import CreateBackup
from graveshift.store.engine import create_engine
from graveshift.wire.backups import BackupState
from tests.carrying import StepCarrier, new_run
from tests.rooms import build_world

BACKEND = """
import asyncio, sys
from pathlib import Path
from graveshift.operations.backup import CreateBackup
from graveshift.store.engine import create_engine
from tests.carrying import StepCarrier
from tests.rooms import build_world

world = build_world(create_engine(sys.argv[1]), Path(sys.argv[2]))
asyncio.run(CreateBackup().run(world, StepCarrier(int(sys.argv[3]))))
"""
SCRATCH = text("""
    SELECT count(*) FROM pg_database
     WHERE starts_with(datname, 'graveshift_scratch_' ||
                       (SELECT oid FROM pg_database WHERE datname = current_database()) || '_')
""")
FILL = text("SELECT graveshift.enqueue('mail', 'mail.send', json_build_object('n', n)) FROM generate_series(1, 5000) n")


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database, pool_size=2)
    async with engine.begin() as connection:
        await connection.execute(FILL)
    yield engine
    await engine.dispose()


def dumping(folder: Path, engine: AsyncEngine) -> Callable[[], Awaitable[bool]]:
    async def seen() -> bool:
        return any((folder / "backups").glob(".*.partial"))

    return seen


def restoring(folder: Path, engine: AsyncEngine) -> Callable[[], Awaitable[bool]]:
    async def seen() -> bool:
        return await scratch_databases(engine) == 1

    return seen


async def scratch_databases(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        found: int = (await connection.execute(SCRATCH)).scalar_one()
    return found


@pytest.mark.parametrize("moment", [dumping, restoring])
async def test_killed_while(
    moment: Callable[[Path, AsyncEngine], Callable[[], Awaitable[bool]]],
    engine: AsyncEngine,
    database: str,
    tmp_path: Path,
) -> None:
    run = await new_run(engine)
    backend = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BACKEND, database, str(tmp_path), str(run), cwd=Path(__file__).parents[2]
    )
    seen = moment(tmp_path, engine)
    while not await seen():
        assert backend.returncode is None
        await asyncio.sleep(0)  # or nobody would notice that it has ended
    backend.send_signal(signal.SIGKILL)
    assert await backend.wait() == -signal.SIGKILL

    world = build_world(engine, tmp_path)
    await CreateBackup().run(world, StepCarrier(run))
    assert await world.archive.tidy() == (1 if moment is dumping else 0)
    (backup,) = (await world.backups.page(None, 10)).items
    assert backup.state is BackupState.VERIFIED
    assert {path.suffix for path in (tmp_path / "backups").iterdir()} == {".dump", ".json"}
    assert await scratch_databases(engine) == 0
