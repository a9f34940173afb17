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
from graveshift.dump import Dumper
from graveshift.errors import BackupFailed, GraveshiftError
from graveshift.place import Database, given_database, state_dir, wish_for
from graveshift.settings import Settings, load
from graveshift.store.aside import met_pooler
from graveshift.store.engine import shut
from graveshift.store.reconciliations import last
from graveshift.store.replica import PATIENCE_S, Replica
from graveshift.wire.health import Check

ROOM_NEEDED = 500 * 1024 * 1024
# Words of a complaint that other programs would not make.
UNSUITED = ("SSL", "no encryption", "server version mismatch")


class Patient(Struct, frozen=True):
    """The installation under examination."""

    settings: Settings

    @property
    def home(self) -> Path:
        """Where everything of ours lies that is not in the database."""
        return state_dir(self.settings)

    @property
    def wish(self) -> embedded.Wish:
        """The private server, where it is the one that is used."""
        return wish_for(self.settings)

    def database(self) -> Database | None:
        """The one in use; None for a private server that does not run."""
        given = given_database(self.settings)
        if given is None and embedded.status(self.wish.home).running:
            return Database(url=embedded.start(self.wish).url)
        return given


async def examine() -> int:
    """Print a line a check; returns 0 where all hold and 1 otherwise."""
    patient = Patient(settings=load())
    checks = [await _look(examiner, patient) for examiner in EXAMINERS]
    for check in checks:
        print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<12} {check.detail}")
    return 0 if all(check.ok for check in checks) else 1


async def _look(examiner: Callable[[Patient], Awaitable[Check]], patient: Patient) -> Check:
    try:
        return await examiner(patient)
    except (GraveshiftError, OSError) as error:
        return Check(examiner.__name__, ok=False, detail=str(error))


async def python(_: Patient) -> Check:
    """The interpreter."""
    return Check("python", ok=sys.version_info >= (3, 11), detail=f"{sys.version.split()[0]} at {sys.executable}")


async def programs(patient: Patient) -> Check:
    """PostgreSQL's own programs: for the private server, for backups."""
    folder = embedded.find_bin_dir(patient.wish.bin_dir)
    process = await asyncio.create_subprocess_exec(folder / "postgres", "--version", stdout=PIPE)
    version, _ = await process.communicate()
    return Check("programs", ok=process.returncode == 0, detail=f"{version.decode().strip()} in {folder}")


async def room(patient: Patient) -> Check:
    """Space where the data lies."""
    home = patient.wish.home
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Check("room", ok=free >= ROOM_NEEDED, detail=f"{free / 1e9:.1f} GB free at {place}")


async def state(patient: Patient) -> Check:
    """The folder that holds everything of ours."""
    place = next(folder for folder in (patient.home, *patient.home.parents) if folder.exists())
    return Check("state", ok=os.access(place, os.W_OK), detail=f"{patient.home} can be written")


async def database(patient: Patient) -> Check:
    """The database answers and is at the schema this version needs."""
    place = patient.database()
    if place is None:
        return Check("database", ok=True, detail="private server, not running; `graveshift serve` starts it")
    found, needed = await migrations.current(place.url_now), migrations.head()
    detail = f"schema {found}" if found == needed else f"schema {found}, needs {needed}: run `graveshift migrate`"
    return Check("database", ok=found == needed, detail=detail)


async def replica(patient: Patient) -> Check:
    """The replica for reads answers, follows the database in use and keeps up."""
    place, given = patient.database(), patient.settings.database
    near = place.replica(1, answer_s=PATIENCE_S) if place else None
    if place is None or near is None:
        return Check("replica", ok=True, detail="none is configured")
    primary = place.engine(1)
    try:
        seen = await Replica(primary, near, given.replica_lag_s).measured()
    finally:
        await shut(near)
        await shut(primary)
    advice = "; see `database.replica_url` and `database.replica_lag_s`"
    return Check("replica", ok=seen.serves, detail=f"{seen.trouble}{advice}" if seen.trouble else "it follows closely")


async def pooler(patient: Patient) -> Check:
    """What the settings say of a pooler is what is met behind `database.url`."""
    place = patient.database()
    if place is None:
        return Check("pooler", ok=True, detail="private server, not running")
    met, limited = await met_pooler(place.url_now)
    if not place.pooled:
        advice = "a pooler answers: in transaction mode it needs `database.pooler: transaction`"
        return Check("pooler", ok=not met, detail=advice if met else "none, and none is expected")
    if not place.direct_url:
        return Check("pooler", ok=False, detail="set `database.direct_url`: migrations and backups go past the pooler")
    if not met:
        return Check("pooler", ok=False, detail="none answers: `database.pooler: none` is faster")
    unlimited = "it sets no `statement_timeout`: see `connect_query` in docs/deploy.md"
    return Check("pooler", ok=limited, detail="in transaction mode, past it for backups" if limited else unlimited)


async def backups(patient: Patient) -> Check:
    """The program that makes dumps can log in: it may speak no TLS, or be older than the server."""
    place, folder = patient.database(), embedded.find_bin_dir(patient.wish.bin_dir)
    if place is None:
        return Check("backups", ok=True, detail="private server, not running")
    try:
        await Dumper(place.past_pooler, folder, place.login).reach()
    except BackupFailed as error:
        unsuited = any(word in error.detail for word in UNSUITED)
        advice = "; name programs that suit this server in `database.bin_dir`" if unsuited else ""
        return Check("backups", ok=False, detail=f"{' '.join(error.detail.split())}{advice}")
    return Check("backups", ok=True, detail=f"pg_dump in {folder} reaches the database")


async def counters(patient: Patient) -> Check:
    """When the counters were last compared with what is there, and what that found."""
    place = patient.database()
    if place is None:
        return Check("counters", ok=True, detail="private server, not running")
    engine = place.engine(1)
    try:
        found = await last(engine)
    finally:
        await shut(engine)
    return Check("counters", ok=True, detail=found.words() if found else "not compared with what is there yet")


async def terminal(_: Patient) -> Check:
    """Whether the console could be drawn here."""
    term = os.environ.get("TERM", "")
    columns, lines = shutil.get_terminal_size()
    where = f"TERM={term or 'unset'}, {columns}x{lines}"
    if "SSH_CONNECTION" in os.environ:
        where += "; over SSH, `ssh -C` makes the console some 30 times lighter"
    return Check("terminal", ok=not sys.stdout.isatty() or term not in ("", "dumb"), detail=where)


EXAMINERS = (python, programs, state, room, database, replica, pooler, counters, backups, terminal)
