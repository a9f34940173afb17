"""The whole backend, on a private server of its own: verbs pass the Desk and the runner, and the login is followed."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from graveshift import bootstrap, embedded, migrations
from graveshift.operation import Actor
from graveshift.place import open_database
from graveshift.settings import SecretSettings, Settings
from graveshift.wire.backups import BackupState
from graveshift.wire.operations import Role
from graveshift.wire.plans import RunPlan
from graveshift.wire.runs import Run, RunState
from tests.waiting import until

ANN = Actor("ann", Role.ADMIN)


@pytest.fixture
def settings() -> Iterator[Settings]:
    home = embedded.temporary_home("graveshift-service-")
    yield Settings(state_dir=str(home), secrets=SecretSettings(grace_s=1))
    embedded.stop(home)
    shutil.rmtree(home)


@pytest.fixture
async def backend(settings: Settings) -> AsyncIterator[bootstrap.Backend]:
    async with open_database(settings) as database, bootstrap.running(settings, database) as backend:
        yield backend


async def carried_out(backend: bootstrap.Backend, operation: str, args: dict[str, str], phrase: str | None) -> Run:
    plan = await backend.desk.plan(operation, args, ANN)
    assert plan.phrase == phrase
    begun = await backend.desk.run(plan.id, ANN, f"key-{plan.id}", RunPlan(phrase=phrase, reason="drill"))

    async def ended() -> Run | None:
        run = await backend.parts.runs.one(int(begun.id))
        return run if run is not None and not run.state.is_live else None

    run = await until(ended, within=60)
    assert run is not None
    return run


async def items(backend: bootstrap.Backend, run: Run) -> list[str]:
    page = await backend.parts.runs.items.page(int(run.id), None, 100)
    return [item.id for item in reversed(page.items)]


async def test_the_login_is_rotated_under_a_working_backend_and_found_again_at_the_next_start(
    settings: Settings, backend: bootstrap.Backend
) -> None:
    server = backend.database.server
    assert server is not None
    run = await carried_out(backend, "secret.rotate", {"secret": "database-role"}, "database-role")
    assert (run.state, run.moved, run.error) == (RunState.SUCCEEDED, 4, None)
    assert await items(backend, run) == ["create", "set", "test", "finish"]

    async def old_is_refused() -> bool:
        try:
            await (await asyncpg.connect(server.dsn)).close()
        except asyncpg.InvalidPasswordError:
            return True
        return False

    await until(old_is_refused)
    await backend.engine.dispose()
    await migrations.require_head(backend.database.url_now)
    assert (await backend.vault.one("database-role")) is not None
    backed_up = await carried_out(backend, "backup.create", {}, None)
    assert (backed_up.state, backed_up.error) == (RunState.SUCCEEDED, None)

    again = await asyncio.to_thread(embedded.start, embedded.Wish(home=server.home))
    assert urlsplit(again.dsn).username == "graveshift_b"
    await (await asyncpg.connect(again.dsn)).close()


async def test_a_backup_passes_the_desk_and_turns_verified(backend: bootstrap.Backend) -> None:
    run = await carried_out(backend, "backup.create", {}, None)
    (backup,) = (await backend.world.backups.page(None, 10)).items
    assert (run.state, run.moved, run.error) == (RunState.SUCCEEDED, 4, None)
    assert await items(backend, run) == ["check", "dump", "manifest", "verify"]
    assert (backup.state, backup.run_id) == (BackupState.VERIFIED, run.id)
    assert backup.location is not None
    assert Path(backup.location).parent == Path(backend.settings.state_dir or "") / "backups"
