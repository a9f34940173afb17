"""The only room that knows everybody: settings become a database, drivers, verbs, a desk, a runner and an API."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from graveshift import __version__, embedded, migrations
from graveshift.api.app import create_app
from graveshift.api.ports import Rooms
from graveshift.api.server import address, listen, serve
from graveshift.archives.local import LocalArchive
from graveshift.desk import Desk
from graveshift.driver import Source
from graveshift.drivers.postgres import PostgresQueue
from graveshift.drivers.postgres.near import NearQueue
from graveshift.drivers.procrastinate import ProcrastinateSource
from graveshift.dump import Dumper
from graveshift.errors import DatabaseUnavailable, SettingsError
from graveshift.events import Hub, Watch
from graveshift.history import History, Prometheus, Samples
from graveshift.interpreter import Interpreter
from graveshift.loops import Chores, Clockwork, Loop
from graveshift.operation import Actor, World
from graveshift.place import Database, state_dir
from graveshift.rotator import Rotator
from graveshift.rotators.role import RoleRotator
from graveshift.rotators.signing import SigningRotator
from graveshift.runner import Runner
from graveshift.seal import load_seal
from graveshift.settings import DatabaseSettings, Settings
from graveshift.store.audit import AuditBook
from graveshift.store.backups import BackupBook
from graveshift.store.carrying import CarryBook
from graveshift.store.changes import marks, run_states
from graveshift.store.deploys import MarkBook
from graveshift.store.engine import answers, create_engine, open_unit, shut
from graveshift.store.filters import FilterBook
from graveshift.store.index import index
from graveshift.store.keeping import KeepingBook, LedgerDays
from graveshift.store.leases import LeaseBook
from graveshift.store.letters import ForeignLetters
from graveshift.store.login import LoginFile
from graveshift.store.plans import PlanBook
from graveshift.store.replica import PATIENCE_S, Replica
from graveshift.store.runs import RunBook
from graveshift.store.samples import SampleBook
from graveshift.store.tokens import TokenBook
from graveshift.timetable import Timetable
from graveshift.vault import Secret, Vault
from graveshift.verbs import OPERATIONS
from graveshift.wire.health import Check
from graveshift.wire.operations import Role
from graveshift.wire.overview import Environment

DRIVERS = {"procrastinate": ProcrastinateSource}
SIGNING_KEY = "webhook-signing-key"
ROLE = "database-role"
OURS = "the private server is started again by itself, and the log says why where that fails"
THEIRS = "see that PostgreSQL runs, can be reached from here, and that `database.url` and `login_file` name it"


@asynccontextmanager
async def open_tokens(place: Database) -> AsyncIterator[TokenBook]:
    """The tokens there, for who has the database but no token yet."""
    engine = place.engine(2)
    try:
        yield TokenBook(engine, AuditBook(engine))
    finally:
        await engine.dispose()


def vault_at(place: Database, key_file: Path) -> Vault:
    """The secrets there, for a worker that signs with them; its connections go with the process."""
    return Vault(place.engine(2), load_seal(key_file))


class Backend:
    """One backend process: built from settings, run until told to stop. Several may share a database."""

    def __init__(self, settings: Settings, database: Database, *, demo: bool = False) -> None:
        self.settings = settings
        self.database = database
        self._owner = uuid4()
        self._environment = Environment(
            name=settings.environment.name,
            host=socket.gethostname(),
            colour=settings.environment.colour,
            version=__version__,
            demo=demo,
        )
        self._home = state_dir(settings)
        self.engine = database.engine(settings.database.pool_size)
        self.vault = self._open_vault()
        self.queue = PostgresQueue(self.engine, settings.queue.system, self.vault.veil)
        self.near = self._near(settings.database)
        self._foreign = [self._open_source(driver=s.driver, system=s.system, url=s.url) for s in settings.sources]
        self.audit = AuditBook(self.engine)
        self.tokens = TokenBook(self.engine, self.audit)
        self.runs = RunBook(self.engine)
        self.marks = MarkBook(self.engine)
        schedules, slots, system = settings.schedules, self.queue.slots, settings.queue.system
        self.timetable = Timetable(schedules, slots, lambda: open_unit(self.engine), system)
        self.world = self._world()
        self.runner = Runner(
            self.world,
            OPERATIONS,
            self.audit,
            CarryBook(self.engine, self._owner, settings.desk.lease_s),
            lease_s=settings.desk.lease_s,
            chunk=settings.desk.chunk,
        )
        self.desk = Desk(
            self.world,
            OPERATIONS,
            PlanBook(self.engine),
            self.runs,
            self.audit,
            expires_s=settings.desk.plan_expires_s,
            ring=self.runner.ring,
        )
        self.clockwork = self._clockwork()

    def _near(self, given: DatabaseSettings) -> NearQueue | None:
        engine = self.database.replica(given.pool_size, answer_s=PATIENCE_S)
        return NearQueue(engine, self.queue, Replica(self.engine, engine, given.replica_lag_s)) if engine else None

    def _open_source(self, driver: str, system: str, url: str) -> Source:
        if driver not in DRIVERS:
            raise SettingsError(f"sources: no driver is called {driver}; there are {', '.join(DRIVERS)}")
        return DRIVERS[driver](create_engine(url), system)

    def _open_vault(self) -> Vault:
        given = self.settings.secrets
        path = Path(given.key_file) if given.key_file else self._home / "secrets.key"
        return Vault(self.engine, load_seal(path, make=given.key_file is None), given.grace_s)

    def _world(self) -> World:
        settings, system = self.settings, self.queue.source.system
        server = self.database.server
        bin_dir = server.bin_dir if server else Path(settings.database.bin_dir or embedded.find_bin_dir())
        folder = Path(settings.backup.dir) if settings.backup.dir else self._home / "backups"
        return World(
            environment=settings.environment.name,
            rate_per_s=settings.desk.rate_per_s,
            sources={system: self.queue.source} | {source.system: source for source in self._foreign},
            letters={system: self.queue.letters}
            | {source.system: ForeignLetters(self.engine, source) for source in self._foreign},
            jobs={system: self.queue.jobs},
            timetable=self.timetable,
            runs=self.runs,
            backups=BackupBook(self.engine),
            archive=LocalArchive(folder),
            dumper=Dumper(self.database.past_pooler, bin_dir, self.database.login),
            vault=self.vault,
            rotators=self._rotators(),
            interpreter=Interpreter(self.runs.now, FilterBook(self.engine)),
            trash={system: self.queue.trash},
            keep_trash_days=settings.queue.keep_trash_days,
        )

    def _rotators(self) -> Mapping[str, Rotator]:
        rotators: list[Rotator] = [SigningRotator(self.vault)]
        server, login = self.database.server, self.database.login
        if server and isinstance(login, LoginFile):
            rotators.append(RoleRotator(server.url, server.superuser_dsn, login))
        return {rotator.kind: rotator for rotator in rotators}

    def _clockwork(self) -> Clockwork:
        world, desk = self.world, self.settings.desk
        days = LedgerDays(desk.keep_days, desk.keep_items_days, desk.keep_audit_days)
        chores = Chores(
            unit=lambda: open_unit(self.engine),
            upkeep=self.queue.upkeep,
            samples=SampleBook(self.engine),
            settings=self.settings.loops,
            queue=self.settings.queue,
            ledger=KeepingBook(self.engine, self.audit, days),
            index=[partial(index, self.engine, source) for source in self._foreign],
            tidy=[
                world.archive.tidy,
                self._tidy_scratch,
                world.backups.fail_abandoned,
                self.vault.tidy,
                self.marks.notice,
                self.marks.prune,
            ],
        )
        timed = Loop("schedules", self.settings.loops.schedules_s, self.timetable.fire)
        return Clockwork([*chores.loops(), timed], LeaseBook(self.engine, self._owner), lambda: open_unit(self.engine))

    async def _tidy_scratch(self) -> int:
        return await self.world.dumper.tidy(set(await self.world.backups.live_runs()))

    async def prepare(self) -> None:
        """See that the schema fits and that the secrets we rotate are in the vault."""
        await migrations.require_head(self.database.url_now)
        for rotator in self.world.rotators.values():
            await self._adopt(rotator)

    async def _adopt(self, rotator: Rotator) -> None:
        max_age_s = self.settings.secrets.max_age_s
        if isinstance(rotator, RoleRotator) and self.database.login:
            await self.vault.adopt(ROLE, rotator.kind, Secret(self.database.login().text()), max_age_s)
        else:
            await self.vault.adopt(SIGNING_KEY, rotator.kind, await rotator.create(None), max_age_s)

    async def issue_token(self, name: str, role: Role) -> str:
        """A new token's text, which nothing can show again."""
        return await self.tokens.create(name, role, Actor("graveshift", Role.ADMIN, "direct"))

    async def run(self, stop: asyncio.Event) -> None:
        """The runner, the clockwork and the looks at the replica, until `stop`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.runner.run_forever(stop))
            group.create_task(self.clockwork.run_forever(stop))
            if self.near:
                group.create_task(self.near.replica.run_forever(stop))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The API, at the address it gives."""
        api = self.settings.api
        listening, stop = listen(api), asyncio.Event()
        rooms = self._rooms()
        task = asyncio.create_task(serve(create_app(rooms), api, stop, listening))
        try:
            yield address(listening)
        finally:
            stop.set()
            await task
            await rooms.hub.close()
            rooms.history.close()

    def _rooms(self) -> Rooms:
        world, engine, near, system = self.world, self.engine, self.near, self.queue.source.system
        shown = near or self.queue
        sources = {**world.sources, system: shown.source}
        return Rooms(
            api=self.settings.api,
            environment=self._environment,
            system=system,
            sources=sources,
            letters={**world.letters, system: shown.letters},
            trash=world.trash,
            jobs={**world.jobs, system: shown.jobs},
            work=self.queue.work,
            upkeep=shown.upkeep,
            shown_at=near.replica.now if near else self.runs.now,
            replica=lambda: near.replica.standing if near else None,
            desk=self.desk,
            runs=self.runs,
            run_states=lambda: run_states(engine),
            audit=self.audit,
            backups=world.backups,
            vault=self.vault,
            interpreter=world.interpreter,
            tokens=self.tokens,
            schedules=self.timetable.infos,
            marks=self.marks,
            history=self._history(),
            hub=Hub(Watch(system, shown.upkeep, sources, lambda: marks(engine))),
            loops=self.clockwork.last_success,
            checks=[self._database, self.clockwork.check, *([near.replica.check] if near else [])],
        )

    def _history(self) -> History:
        prometheus, every_s = self.settings.prometheus, self.settings.loops.sample_s
        primary = Samples(SampleBook(self.engine), every_s)
        own = self.near.samples(primary, every_s) if self.near else primary
        return History(Prometheus(prometheus), own) if prometheus.url else History(own)

    async def _database(self) -> Check:
        try:
            await answers(self.engine)
        except DatabaseUnavailable:
            return Check("database", ok=False, detail=f"it does not answer; {OURS if self.database.server else THEIRS}")
        found = await migrations.current(self.database.url_now)
        return Check("database", ok=found == migrations.head(), detail=f"schema {found}")

    async def close(self) -> None:
        """Give back every connection."""
        await self.queue.close()
        await shut(self.engine)
        if self.near:
            await self.near.close()


@asynccontextmanager
async def running(settings: Settings, database: Database, *, demo: bool = False) -> AsyncIterator[Backend]:
    """A backend whose runner and clockwork are at work; serve its API with `serving`."""
    backend, stop = Backend(settings, database, demo=demo), asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(backend.close)
        await backend.prepare()
        task = asyncio.create_task(backend.run(stop))
        try:
            yield backend
        finally:
            stop.set()
            await task
