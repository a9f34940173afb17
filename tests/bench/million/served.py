"""A durable private server with letters in it, a real backend process on it, and what speaks to both."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
import httpx
import psycopg
from msgspec import Struct
from sqlalchemy import text

from graveshift import embedded, migrations
from graveshift.drivers.postgres.rollup import roll_up
from graveshift.operation import Actor
from graveshift.store.audit import AuditBook
from graveshift.store.engine import create_engine
from graveshift.store.tokens import TokenBook
from graveshift.wire.operations import Role
from tests.bench.million.filling import fill
from tests.faults.backend import Backend, backend
from tests.waiting import until, until_now

SETTINGS = {"max_wal_size": "4GB", "shared_preload_libraries": "pg_stat_statements"}
# A roll-up of so much at once leaves more behind than one of each second; by now the server would have swept it up.
VACUUM = text(
    "VACUUM ANALYZE graveshift.deltas, graveshift.groups, graveshift.group_flow, graveshift.flow, graveshift.depth"
)
OURS = Actor("bench", Role.ADMIN, "direct")


class Served(Struct, frozen=True, kw_only=True):
    """`bare` is a connection of asyncpg's own, for floors; `api` speaks to the backend over its socket."""

    server: embedded.Server
    backend: Backend
    folder: Path
    token: str
    letters: int
    api: httpx.AsyncClient
    bare: asyncpg.Connection

    def reader(self) -> "Reader":
        """Another way to read, for what is timed."""
        return Reader(str(self.backend.socket), self.token)


class Reader(HTTPConnection):
    """What an answer takes and next to nothing else: of an answer of 5 ms httpx, which lays out and checks what it is
    given, takes as much again on the same two cores."""

    def __init__(self, path: str, token: str) -> None:
        super().__init__("bench")
        self._path, self._sent = path, {"Authorization": f"Bearer {token}"}

    def connect(self) -> None:
        """To the socket of the backend."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)

    def get(self, path: str, **params: object) -> bytes:
        """One answer's body, which must be a good one."""
        given = urlencode({name: value for name, value in params.items() if value is not None})
        self.request("GET", f"{path}?{given}", headers=self._sent)
        answer = self.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{path}?{given}: {body!r}"
        return body


@asynccontextmanager
async def served(letters: int) -> AsyncIterator[Served]:
    """So many letters, counted, vacuumed, and served; all of it gone afterwards."""
    home, folder = embedded.temporary_home(), Path(tempfile.mkdtemp(prefix="graveshift-bench-"))
    try:
        server = await asyncio.to_thread(embedded.start, embedded.Wish(home=home, durable=True, settings=SETTINGS))
        await migrations.upgrade(server.url)
        await asyncio.to_thread(_prepared, server, letters)
        async with on_server(server, folder, letters) as made:
            yield made
    finally:
        await asyncio.to_thread(embedded.stop, home)
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def on_server(server: embedded.Server, folder: Path, letters: int) -> AsyncIterator[Served]:
    """The backend and its clients on a server that is filled."""
    token = await _counted(server)
    bare = await asyncpg.connect(server.dsn)
    async with backend(server.url, folder, lease_s=15, chunk=1000) as process:
        way = httpx.AsyncHTTPTransport(uds=str(process.socket))
        sent = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=way, base_url="http://bench", headers=sent, timeout=60) as api:
            await until(lambda: _answers(api, process), within=30, what="a backend that answers")
            await until(lambda: FIRST_TURN in process.said, within=60, what="an end of what a start has it count anew")
            yield Served(server=server, backend=process, folder=folder, token=token, letters=letters, api=api,
                         bare=bare)  # fmt: skip
    await bare.close()


FIRST_TURN = "rollup_reconciled"
AUTOVACUUM = b"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"


def _prepared(server: embedded.Server, letters: int) -> None:
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute(b"CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    fill(server.dsn, letters)
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        until_now(lambda: connection.execute(AUTOVACUUM).fetchone() == (0,), within=300, what="an end of autovacuum")
        connection.execute(b"CHECKPOINT")  # what filling left to write would else be written while pages are read


async def _counted(server: embedded.Server) -> str:
    """Every delta is rolled up before anything is measured; returns an admin's token."""
    engine = create_engine(server.url)
    try:
        while await roll_up(engine):
            pass
        async with engine.connect() as connection:
            settled = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await settled.execute(VACUUM)
        return await TokenBook(engine, AuditBook(engine)).create("bench", Role.ADMIN, OURS)
    finally:
        await engine.dispose()


async def _answers(api: httpx.AsyncClient, process: Backend) -> bool:
    assert process.is_alive, process.said
    try:
        return (await api.get("/v1/dlq", params={"limit": "1"})).status_code == 200
    except httpx.TransportError:
        return False
