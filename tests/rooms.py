"""A world for verbs that make backups and rotate secrets, on a real database."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift import embedded
from graveshift.archive import Archive
from graveshift.archives.local import LocalArchive
from graveshift.drivers.postgres.schedules import PostgresSlots
from graveshift.dump import Dumper
from graveshift.interpreter import Interpreter
from graveshift.operation import World
from graveshift.rotator import Rotator
from graveshift.schedule import Schedule
from graveshift.seal import load_seal
from graveshift.store.backups import BackupBook
from graveshift.store.claims import ClaimBook
from graveshift.store.engine import open_unit
from graveshift.store.filters import FilterBook
from graveshift.store.runs import RunBook
from graveshift.timetable import Timetable
from graveshift.vault import Vault


def build_world(
    engine: AsyncEngine,
    folder: Path,
    *,
    archive: Archive | None = None,
    rotators: Mapping[str, Rotator] | None = None,
    grace_s: float = 3600,
    schedules: Mapping[str, Schedule] | None = None,
) -> World:
    """Everything these verbs reach, and no queue system."""
    url = engine.url.render_as_string(hide_password=False)
    return World(
        environment="TEST",
        rate_per_s=50,
        sources={},
        letters={},
        jobs={},
        timetable=Timetable(schedules or {}, PostgresSlots(engine), partial(open_unit, engine), "native"),
        runs=RunBook(engine),
        backups=BackupBook(engine),
        claims=ClaimBook(engine),
        archive=archive or LocalArchive(folder / "backups"),
        dumper=Dumper(url, embedded.find_bin_dir()),
        vault=Vault(engine, load_seal(folder / "key", make=True), grace_s),
        rotators=rotators or {},
        interpreter=Interpreter(RunBook(engine).now, FilterBook(engine)),
    )
