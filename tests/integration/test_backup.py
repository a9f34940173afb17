"""A backup is whole, proven by restoring it, or not there at all."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.archive import Stored
from graveshift.archives.local import LocalArchive
from graveshift.errors import BackupFailed, Busy, NoSpace
from graveshift.operation import World
from graveshift.operations.backup import CreateBackup, verify_file
from graveshift.store.engine import create_engine
from graveshift.wire.backups import BackupState
from tests.carrying import Died, StepCarrier, end_run, new_run
from tests.rooms import build_world

FILL = text("""
    SELECT graveshift.enqueue('mail', 'mail.send', json_build_object('n', n)) FROM generate_series(1, 500) AS n
""")
SCRATCH = text("SELECT count(*) FROM pg_database WHERE starts_with(datname, :prefix)")
PREFIX = text("SELECT 'graveshift_scratch_' || oid FROM pg_database WHERE datname = current_database()")
STEPS = ["check", "dump", "manifest", "verify"]


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database, pool_size=3)
    async with engine.begin() as connection:
        await connection.execute(FILL)
    yield engine
    await engine.dispose()


@pytest.fixture
def world(engine: AsyncEngine, tmp_path: Path) -> World:
    return build_world(engine, tmp_path)


async def scratch_databases(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        prefix = (await connection.execute(PREFIX)).scalar_one()
        found: int = (await connection.execute(SCRATCH, {"prefix": prefix})).scalar_one()
    return found


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "backups").iterdir()) if (folder / "backups").exists() else []


async def test_a_backup_is_verified_only_after_it_was_restored(
    engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    run = await new_run(engine)
    carrier = StepCarrier(run)
    await CreateBackup().run(world, carrier)

    (backup,) = (await world.backups.page(None, 10)).items
    assert list(carrier.done) == STEPS
    assert backup.state is BackupState.VERIFIED
    assert backup.verified_at is not None
    assert backup.run_id == str(run)
    assert {Path(name).suffix for name in files(tmp_path)} == {".dump", ".json"}
    assert await scratch_databases(engine) == 0
    assert {step for step, _ in carrier.notes} == {"dump", "verify"}


async def test_the_manifest_tells_the_rows_of_the_dumps_own_moment(
    engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    carrier = StepCarrier(await new_run(engine))
    await CreateBackup().run(world, carrier)
    (manifest,) = (tmp_path / "backups").glob("*.json")
    told = msgspec.json.decode(manifest.read_bytes())
    assert sum(told["manifest"]["rows"].values()) > 500
    assert told["manifest"]["rows"]["graveshift.jobs"] == 500
    assert told["manifest"]["rows"]["graveshift_ledger.runs"] == 1


async def test_jobs_enqueued_while_it_dumps_are_in_neither_dump_nor_manifest(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    class Interrupted(LocalArchive):
        async def write(self, name: str, content: AsyncIterator[bytes]) -> Stored:
            if name.endswith(".dump"):
                async with engine.begin() as connection:
                    await connection.execute(FILL)
            return await super().write(name, content)

    world = build_world(engine, tmp_path, archive=Interrupted(tmp_path / "backups"))
    run = await new_run(engine)
    await CreateBackup().run(world, StepCarrier(run))
    assert (await world.backups.dump_of_run(run)).manifest.rows["graveshift.jobs"] == 500


@pytest.mark.parametrize("flipped", [0, 40, -1])
async def test_a_flipped_byte_is_found(engine: AsyncEngine, world: World, flipped: int) -> None:
    run = await new_run(engine)
    await CreateBackup().run(world, StepCarrier(run))
    written = await world.backups.dump_of_run(run)
    await verify_file(world.archive, written)
    flip(Path(written.location), flipped)
    with pytest.raises(BackupFailed, match="changed after it was written"):
        await verify_file(world.archive, written)


async def test_a_dump_that_does_not_restore_is_failed_not_verified(engine: AsyncEngine, world: World) -> None:
    run = await new_run(engine)
    done: dict[str, str | None] = {}
    with pytest.raises(Died):
        await CreateBackup().run(world, StepCarrier(run, done, before="verify"))
    truncate(Path((await world.backups.dump_of_run(run)).location))
    with pytest.raises(BackupFailed):
        await CreateBackup().run(world, StepCarrier(run, done))
    (backup,) = (await world.backups.page(None, 10)).items
    assert backup.state is BackupState.FAILED
    assert backup.verified_at is None
    assert "was changed after it was written" in (backup.error or "")


async def test_rows_that_were_counted_and_not_restored_fail_the_proof(engine: AsyncEngine, world: World) -> None:
    run = await new_run(engine)
    await CreateBackup().run(world, StepCarrier(run))
    written = await world.backups.dump_of_run(run)
    wrong = msgspec.structs.replace(written.manifest, rows={**written.manifest.rows, "graveshift.jobs": 501})
    with pytest.raises(BackupFailed, match=r"graveshift.jobs has 500 rows instead of 501"):
        await world.dumper.prove(world.archive.read(written.location), wrong, run)
    assert await scratch_databases(engine) == 0


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_backup_killed_around_any_step_resumes_to_one_verified_backup(
    engine: AsyncEngine, world: World, tmp_path: Path, step: str, when: str
) -> None:
    run = await new_run(engine)
    done: dict[str, str | None] = {}
    with pytest.raises(Died):
        await CreateBackup().run(world, StepCarrier(run, done, **{when: step}))
    await CreateBackup().run(world, StepCarrier(run, done))
    (backup,) = (await world.backups.page(None, 10)).items
    assert backup.state is BackupState.VERIFIED
    assert len(files(tmp_path)) == 2
    assert await scratch_databases(engine) == 0


async def test_a_second_backup_is_refused_while_one_is_under_way(engine: AsyncEngine, world: World) -> None:
    first = await new_run(engine)
    with pytest.raises(Died):
        await CreateBackup().run(world, StepCarrier(first, before="dump"))
    with pytest.raises(Busy, match=f"run {first}"):
        await CreateBackup().plan(world)
    with pytest.raises(Busy, match=f"run {first}"):
        await CreateBackup().run(world, StepCarrier(second := await new_run(engine)))
    await end_run(engine, second)
    await end_run(engine, first)
    assert (await CreateBackup().plan(world)).count == 4


async def test_a_second_is_refused_while_the_first_still_waits_for_its_turn(engine: AsyncEngine, world: World) -> None:
    first = await new_run(engine)
    with pytest.raises(Busy, match=f"run {first} makes a backup"):
        await CreateBackup().plan(world)


async def test_of_two_that_begin_at_once_one_is_refused(engine: AsyncEngine, world: World) -> None:
    runs = [await new_run(engine) for _ in range(2)]
    ended = await asyncio.gather(*[world.backups.begin(run) for run in runs], return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["Backup", "Busy"]


async def test_a_disk_too_small_is_refused_when_planning_with_the_bytes_needed_and_free(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    class Small(LocalArchive):
        async def free_bytes(self) -> int | None:
            return 1000

    world = build_world(engine, tmp_path, archive=Small(tmp_path / "backups"))
    with pytest.raises(NoSpace, match=r"needs \d+\.\d MB, 1\.0 kB are free"):
        await CreateBackup().plan(world)


async def test_a_disk_that_fills_up_leaves_no_file(engine: AsyncEngine, tmp_path: Path) -> None:
    class Full(LocalArchive):
        async def write(self, name: str, content: AsyncIterator[bytes]) -> Stored:
            return await super().write(name, fill_up(content))

    async def fill_up(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for block in content:
            yield block
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    world = build_world(engine, tmp_path, archive=Full(tmp_path / "backups"))
    with pytest.raises(NoSpace):
        await CreateBackup().run(world, StepCarrier(await new_run(engine)))
    assert files(tmp_path) == []
    assert [backup.state for backup in (await world.backups.page(None, 10)).items] == [BackupState.FAILED]


async def test_tidy_clears_what_killed_runs_left_and_spares_the_living(
    engine: AsyncEngine, world: World, tmp_path: Path
) -> None:
    dead, alive = await new_run(engine), await new_run(engine)
    with pytest.raises(Died):
        await CreateBackup().run(world, StepCarrier(dead, before="dump"))
    await end_run(engine, dead)
    prefix = await scratch_prefix(engine)
    for run in (dead, alive):
        await command(engine, f"CREATE DATABASE {prefix}_{run}")
    (tmp_path / "backups" / ".graveshift-1.dump.0badcafe.partial").write_bytes(b"half")

    assert await tidy(world) == [1, 1, 1]
    assert files(tmp_path) == []
    assert await scratch_databases(engine) == 1
    assert [backup.state for backup in (await world.backups.page(None, 10)).items] == [BackupState.FAILED]
    await end_run(engine, alive)
    assert await tidy(world) == [0, 1, 0]


async def tidy(world: World) -> list[int]:
    databases = await world.dumper.tidy(await world.backups.live_runs())
    return [await world.archive.tidy(), databases, await world.backups.fail_abandoned()]


async def scratch_prefix(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        prefix: str = (await connection.execute(PREFIX)).scalar_one()
    return prefix


async def command(engine: AsyncEngine, statement: str) -> None:
    async with engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text(statement))
