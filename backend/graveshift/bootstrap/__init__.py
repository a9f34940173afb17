"""The only room that knows everybody: settings become a database, drivers, verbs, a desk, a runner and an API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from graveshift import migrations
from graveshift.api.app import create_app
from graveshift.api.server import address, listen, serve
from graveshift.bootstrap.clockwork import clockwork_of
from graveshift.bootstrap.herald import herald_of
from graveshift.bootstrap.parts import Parts, open_parts
from graveshift.bootstrap.rooms import rooms_of
from graveshift.bootstrap.world import world_of
from graveshift.desk import Desk
from graveshift.notify import Herald
from graveshift.operation import Actor, World
from graveshift.place import Database
from graveshift.rotator import Rotator
from graveshift.rotators.role import RoleRotator
from graveshift.runner import Runner
from graveshift.seal import load_seal
from graveshift.settings import Settings
from graveshift.store.audit import AuditBook
from graveshift.store.carrying import CarryBook
from graveshift.store.engine import shut
from graveshift.store.plans import PlanBook
from graveshift.store.tokens import TokenBook
from graveshift.vault import Secret, Vault
from graveshift.verbs import OPERATIONS
from graveshift.wire.operations import Role

SIGNING_KEY = "webhook-signing-key"
ROLE = "database-role"


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
        self.parts = open_parts(settings, database, demo=demo)
        self.engine = self.parts.engine
        self.queue = self.parts.queue
        self.near = self.parts.near
        self.vault = self.parts.vault
        self.tokens = self.parts.tokens
        self.world = world_of(self.parts)
        self.herald = herald_of(settings.notifiers)
        self.runner = _runner(self.parts, self.world, self.herald)
        self.desk = _desk(self.parts, self.world, self.runner)
        self.clockwork = clockwork_of(self.parts, self.world)

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
            group.create_task(self.herald.run_forever(stop))
            if self.near:
                group.create_task(self.near.replica.run_forever(stop))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The API, at the address it gives."""
        api = self.settings.api
        listening, stop = listen(api), asyncio.Event()
        rooms = rooms_of(self.parts, self.world, self.desk, self.clockwork)
        task = asyncio.create_task(serve(create_app(rooms), api, stop, listening))
        try:
            yield address(listening)
        finally:
            stop.set()
            await task
            await rooms.hub.close()
            rooms.history.close()

    async def close(self) -> None:
        """Give back every connection."""
        await self.queue.close()
        await shut(self.engine)
        if self.near:
            await self.near.close()


def _runner(parts: Parts, world: World, herald: Herald) -> Runner:
    desk = parts.settings.desk
    book = CarryBook(parts.engine, parts.owner, desk.lease_s)
    return Runner(world, OPERATIONS, parts.audit, book, lease_s=desk.lease_s, chunk=desk.chunk, tell=herald.tell)


def _desk(parts: Parts, world: World, runner: Runner) -> Desk:
    plans, expires_s = PlanBook(parts.engine), parts.settings.desk.plan_expires_s
    return Desk(world, OPERATIONS, plans, parts.runs, parts.audit, expires_s=expires_s, ring=runner.ring)


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
