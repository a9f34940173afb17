"""What this program needs, looked at one by one, with what to do where something is missing."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from graveshift import embedded, migrations
from graveshift.errors import GraveshiftError
from graveshift.settings import Settings, load
from graveshift.wire.health import Check

ROOM_NEEDED = 500 * 1024 * 1024


class Patient(Struct, frozen=True):
    """The installation under examination."""

    settings: Settings
    home: Path


async def examine() -> int:
    """Print a line a check; returns 0 where all hold and 1 otherwise."""
    settings = load()
    patient = Patient(
        settings=settings, home=Path(settings.state_dir) if settings.state_dir else embedded.default_home()
    )
    checks = [await _look(examiner, patient) for examiner in EXAMINERS]
    for check in checks:
        print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<12} {check.detail}")
    return 0 if all(check.ok for check in checks) else 1


async def _look(examiner: Callable[[Patient], Awaitable[Check]], patient: Patient) -> Check:
    try:
        return await examiner(patient)
    except GraveshiftError as error:
        return Check(examiner.__name__, ok=False, detail=str(error))


async def python(_: Patient) -> Check:
    """The interpreter."""
    return Check("python", ok=sys.version_info >= (3, 11), detail=f"{sys.version.split()[0]} at {sys.executable}")


async def programs(patient: Patient) -> Check:
    """PostgreSQL's own programs: for the private server, for backups."""
    configured = patient.settings.database.bin_dir
    folder = embedded.find_bin_dir(Path(configured) if configured else None)
    process = await asyncio.create_subprocess_exec(folder / "postgres", "--version", stdout=PIPE)
    version, _ = await process.communicate()
    return Check("programs", ok=process.returncode == 0, detail=f"{version.decode().strip()} in {folder}")


async def room(patient: Patient) -> Check:
    """Space where the data lies."""
    place = next(folder for folder in (patient.home, *patient.home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Check("room", ok=free >= ROOM_NEEDED, detail=f"{free / 1e9:.1f} GB free at {place}")


async def state(patient: Patient) -> Check:
    """The folder that holds everything of ours."""
    place = next(folder for folder in (patient.home, *patient.home.parents) if folder.exists())
    return Check("state", ok=os.access(place, os.W_OK), detail=f"{patient.home} can be written")


async def database(patient: Patient) -> Check:
    """The database answers and is at the schema this version needs."""
    url = patient.settings.database.url
    if url is None:
        status = embedded.status(patient.home)
        if not status.running:
            return Check("database", ok=True, detail="private server, not running; `graveshift serve` starts it")
        url = embedded.start(embedded.Wish(home=patient.home)).url
    found, needed = await migrations.current(url), migrations.head()
    detail = f"schema {found}" if found == needed else f"schema {found}, needs {needed}: run `graveshift migrate`"
    return Check("database", ok=found == needed, detail=detail)


async def terminal(_: Patient) -> Check:
    """Whether the console could be drawn here."""
    term = os.environ.get("TERM", "")
    columns, lines = shutil.get_terminal_size()
    where = f"TERM={term or 'unset'}, {columns}x{lines}"
    if "SSH_CONNECTION" in os.environ:
        where += "; over SSH, `ssh -C` makes the console some 30 times lighter"
    return Check("terminal", ok=not sys.stdout.isatty() or term not in ("", "dumb"), detail=where)


EXAMINERS = (python, programs, state, room, database, terminal)
