"""What a backend is built of: the database's books and the queue systems, opened once from settings."""

import socket
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

from msgspec import Struct

from graveshift import __version__
from graveshift.driver import Source
from graveshift.drivers.postgres import PostgresQueue
from graveshift.drivers.postgres.near import NearQueue
from graveshift.drivers.procrastinate import ProcrastinateSource
from graveshift.errors import SettingsError
from graveshift.folding import folding_of
from graveshift.place import Database, state_dir
from graveshift.redaction import Redaction
from graveshift.seal import load_seal
from graveshift.settings import Settings, SourceSettings
from graveshift.store.audit import AuditBook
from graveshift.store.backups import BackupBook
from graveshift.store.claims import ClaimBook
from graveshift.store.deploys import MarkBook
from graveshift.store.engine import Engine, create_engine, open_unit
from graveshift.store.replica import PATIENCE_S, Replica
from graveshift.store.runs import RunBook
from graveshift.store.tokens import TokenBook
from graveshift.timetable import Timetable
from graveshift.vault import Vault
from graveshift.wire.overview import Environment

DRIVERS = {"procrastinate": ProcrastinateSource}


class Parts(Struct, frozen=True, kw_only=True):
    """`owner` is who holds leases in this process; `near` reads from a replica, None where there is none."""

    settings: Settings
    database: Database
    environment: Environment
    home: Path
    owner: UUID
    engine: Engine
    queue: PostgresQueue
    near: NearQueue | None
    foreign: Sequence[Source]
    vault: Vault
    audit: AuditBook
    tokens: TokenBook
    runs: RunBook
    marks: MarkBook
    claims: ClaimBook
    backups: BackupBook
    timetable: Timetable
    redaction: Redaction


def open_parts(settings: Settings, database: Database, *, demo: bool) -> Parts:
    """Raises SettingsError for a driver that is none of ours, and for what redaction cannot use."""
    engine = database.engine(settings.database.pool_size)
    home, audit = state_dir(settings), AuditBook(engine)
    vault = _vault(settings, engine, home)
    queue = PostgresQueue(engine, settings.queue.system, vault.veil, normal=folding_of(settings.fingerprints).normal)
    return Parts(
        settings=settings,
        database=database,
        environment=_environment(settings, demo=demo),
        home=home,
        owner=uuid4(),
        engine=engine,
        queue=queue,
        near=_near(settings, database, engine, queue),
        foreign=[_foreign(given) for given in settings.sources],
        vault=vault,
        audit=audit,
        tokens=TokenBook(engine, audit),
        runs=RunBook(engine),
        marks=MarkBook(engine),
        claims=ClaimBook(engine),
        backups=BackupBook(engine),
        timetable=Timetable(settings.schedules, queue.slots, lambda: open_unit(engine), settings.queue.system),
        redaction=_redaction(settings),
    )


def _environment(settings: Settings, *, demo: bool) -> Environment:
    return Environment(
        name=settings.environment.name,
        host=socket.gethostname(),
        colour=settings.environment.colour,
        version=__version__,
        demo=demo,
    )


def _near(settings: Settings, database: Database, primary: Engine, queue: PostgresQueue) -> NearQueue | None:
    engine = database.replica(settings.database.pool_size, answer_s=PATIENCE_S)
    return NearQueue(engine, queue, Replica(primary, engine, settings.database.replica_lag_s)) if engine else None


def _foreign(given: SourceSettings) -> Source:
    if given.driver not in DRIVERS:
        raise SettingsError(f"sources: no driver is called {given.driver}; there are {', '.join(DRIVERS)}")
    return DRIVERS[given.driver](create_engine(given.url), given.system)


def _redaction(settings: Settings) -> Redaction:
    given = settings.redaction
    return Redaction(given.paths, given.patterns, enabled=given.enabled)


def _vault(settings: Settings, engine: Engine, home: Path) -> Vault:
    given = settings.secrets
    path = Path(given.key_file) if given.key_file else home / "secrets.key"
    return Vault(engine, load_seal(path, make=given.key_file is None), given.grace_s)
