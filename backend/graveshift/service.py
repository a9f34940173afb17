"""The commands that run, feed and prepare a backend: serve, worker, migrate, token."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from msgspec import Struct, ValidationError, convert, structs, to_builtins

from graveshift import bootstrap, migrations
from graveshift.errors import NotFound, SettingsError
from graveshift.folding import folding_of
from graveshift.native import open_work
from graveshift.operation import Actor
from graveshift.parent import stop_with_parent
from graveshift.place import open_database
from graveshift.settings import ApiSettings, Share, WorkerSettings, load
from graveshift.store.tokens import TokenBook
from graveshift.wire.jobs import NAME, NAME_WORDS
from graveshift.wire.operations import Role
from graveshift.worker import Worker
from graveshift.worker import load as load_handlers
from graveshift.worker import serve as serve_worker
from graveshift.worker.turns import Queues

OPERATOR = Actor("console", Role.ADMIN, "direct")


async def serve(host: str | None, port: int | None, socket: str | None) -> int:
    """The service until SIGTERM or SIGINT."""
    settings = load()
    settings = structs.replace(settings, api=_listening(settings.api, host, port, socket))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        open_database(settings) as database,
        bootstrap.running(settings, database) as backend,
        backend.serving(),
    ):
        await stop.wait()
    return 0


def _listening(api: ApiSettings, host: str | None, port: int | None, socket: str | None) -> ApiSettings:
    """What was typed wins; an address typed wins over a socket configured."""
    if socket:
        return structs.replace(api, socket=socket)
    if host is None and port is None:
        return api
    return structs.replace(api, socket=None, host=host or api.host, port=api.port if port is None else port)


class Wanted(Struct, frozen=True):
    """What was typed for a worker, and wins over the settings; a queue may be `name=weight`."""

    queues: Sequence[str]
    order: Literal["weighted", "strict"] | None = None
    concurrency: int | None = None

    def of(self, worker: WorkerSettings) -> tuple[Queues, WorkerSettings]:
        """Its queues, and the settings without what was overruled. Raises SettingsError."""
        settings = structs.replace(
            worker, concurrency=self.concurrency or worker.concurrency, order=self.order or worker.order
        )
        for queue in self.queues:
            if not re.fullmatch(NAME, name := queue.partition("=")[0]):
                raise SettingsError(f"--queues: `{name}` is no queue; one is {NAME_WORDS}")
        if self.order is None and not any("=" in queue for queue in self.queues):
            return self.queues, settings
        shares = dict(_share(queue, worker) for queue in self.queues) or worker.queues
        if not shares:
            raise SettingsError("--order is among queues, and neither --queues nor worker.queues names any")
        return shares, settings


def _share(typed: str, worker: WorkerSettings) -> tuple[str, Share]:
    name, weighted, weight = typed.partition("=")
    share = worker.queues.get(name, Share())
    try:
        return name, convert({**to_builtins(share), **({"weight": weight} if weighted else {})}, Share, strict=False)
    except ValidationError as error:
        raise SettingsError(f"--queues: {typed}: {error}") from error


async def work(handlers: str, wanted: Wanted, *, with_parent: bool) -> int:
    """One worker until SIGTERM; `with_parent` stops it when standard input closes too. Returns the exit code.

    A database that does not answer or is behind is an error at the start; once at work, the worker waits for it.
    """
    settings, found = load(), load_handlers(handlers)
    queues, chosen = wanted.of(settings.worker)
    # A connection that is silent for longer leads nowhere, and the claims held over it would be lost with it.
    answer_s = max(2.0, settings.queue.lease_s / 3)
    async with open_database(settings) as database, open_work(database.engine(3, answer_s=answer_s)) as queue:
        await migrations.require_head(database.url_now)
        worker = Worker(
            queue,
            found,
            queues=queues,
            settings=chosen,
            lease_s=settings.queue.lease_s,
            version=chosen.version,
            folding=folding_of(settings.fingerprints),
        )
        if with_parent:
            stop_with_parent(worker.stop)
        return await serve_worker(worker)


async def migrate() -> str:
    """Bring the database to the schema this version needs; returns the revision."""
    async with open_database(load()) as database:
        return await migrations.upgrade(database.past_pooler_now)


async def create_token(name: str, role: str) -> str:
    """A new token's text, which nothing can show again."""
    async with _tokens() as tokens:
        return await tokens.create(name, Role(role), OPERATOR)


async def list_tokens() -> str:
    """A line a token, newest first."""
    async with _tokens() as tokens:
        rows = [
            f"{token.id}  {token.role:<8}  {token.created_at:%F %R}  {_standing(token.revoked_at)}  {token.name}"
            for token in await tokens.list()
        ]
    return "\n".join(rows) if rows else "there are no tokens; make one with `graveshift token create`"


def _standing(revoked_at: object) -> str:
    return "revoked" if revoked_at else "live   "


async def revoke_token(id: str) -> str:
    """Worthless at once. Raises NotFound."""
    async with _tokens() as tokens:
        if not await tokens.revoke(id, OPERATOR):
            raise NotFound(f"no live token {id}")
    return f"{id} is revoked"


@asynccontextmanager
async def _tokens() -> AsyncIterator[TokenBook]:
    settings = load()
    async with open_database(settings) as database, bootstrap.open_tokens(database) as tokens:
        await migrations.require_head(database.url_now)
        yield tokens
