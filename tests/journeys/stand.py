"""A bad night with very many letters: a real server, backend and workers, and a downstream that is down."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
from msgspec import Struct

from graveshift import embedded, migrations
from graveshift.operation import Actor
from graveshift.store.audit import AuditBook
from graveshift.store.engine import create_engine
from graveshift.store.tokens import TokenBook
from graveshift.wire.operations import Role
from tests.bench.million.filling import fill
from tests.journeys.hooks import DOWNSTREAM_VARIABLE
from tests.waiting import until_now

ROOT = Path(__file__).parents[2]
WORKERS = 2
START_S = 60.0
ANA = Actor("graveshift", Role.ADMIN, "direct")
CONFIG = """
environment: {name: PROD}
worker: {concurrency: 50, batch: 100, backoff_s: 1}
"""


class Downstream(BaseHTTPRequestHandler):
    """`PUT /mode` tells it how to be; every other request is answered accordingly."""

    is_well = False

    def do_PUT(self) -> None:
        """`{"mode": "ok"}` heals it."""
        type(self).is_well = b'"ok"' in self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def do_GET(self) -> None:
        """As it is now."""
        self._answer(200 if self.is_well else 503)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Night(Struct, frozen=True):
    """`console` is what starts the console, `environment` what it needs; `rows` asks the database itself."""

    dsn: str
    console: Sequence[str]
    environment: dict[str, str]

    def number(self, statement: str) -> int:
        """The one number that a statement asks for."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def night(letters: int) -> Iterator[Night]:
    """So many letters of fourteen causes in six queues, and everybody at work; all of it gone afterwards."""
    home, folder = embedded.temporary_home(), Path(tempfile.mkdtemp(prefix="graveshift-night-"))
    try:
        server = embedded.start(embedded.Wish(home=home, durable=True))
        asyncio.run(migrations.upgrade(server.url))
        fill(server.dsn, letters)
        with ExitStack() as stack:
            port = stack.enter_context(_downstream())
            yield _all_at_work(stack, server, folder, port)
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _all_at_work(stack: ExitStack, server: embedded.Server, folder: Path, port: int) -> Night:
    (folder / "graveshift.yaml").write_text(CONFIG)
    own = {
        "GRAVESHIFT_DATABASE_URL": server.url,
        "GRAVESHIFT_CONFIG": str(folder / "graveshift.yaml"),
        "XDG_STATE_HOME": str(folder),
        DOWNSTREAM_VARIABLE: str(port),
    }
    api = folder / "api.sock"
    stack.enter_context(_process(own, folder / "backend.log", "serve", "--uds", str(api)))
    for number in range(WORKERS):
        named = ("worker", "--handlers", "tests.journeys.hooks:HANDLERS")
        stack.enter_context(_process(own, folder / f"worker-{number}.log", *named))
    until_now(lambda: _answers(api), within=START_S, what="the backend answers")
    environment = {
        "GRAVESHIFT_URL": f"unix:{api}",
        "GRAVESHIFT_TOKEN": asyncio.run(_token(server.url)),
        "GRAVESHIFT_DEMO_DOWNSTREAM": f"http://127.0.0.1:{port}",
    }
    return Night(server.dsn, (sys.executable, "-m", "graveshift_tui"), environment)


@contextmanager
def _downstream() -> Iterator[int]:
    Downstream.is_well = False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Downstream)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _process(own: dict[str, str], log: Path, *command: str) -> Iterator[None]:
    """A process of ours, in a session of its own, ended with the block."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            (sys.executable, "-m", "graveshift", *command),
            env={**os.environ, **own, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(path))
            line.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return b" 200 " in line.recv(1000)
        except OSError:
            return False


async def _token(url: str) -> str:
    engine = create_engine(url)
    try:
        return await TokenBook(engine, AuditBook(engine)).create("ana", Role.ADMIN, ANA)
    finally:
        await engine.dispose()
