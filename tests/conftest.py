"""The real parts tests stand on: one private PostgreSQL for the whole run, a fresh migrated database for each test."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
import structlog

from graveshift import embedded, migrations
from graveshift.embedded.locking import locked

HOME_VARIABLE = "GRAVESHIFT_TEST_HOME"
PREFIX = "graveshift-tests-"
TEMPLATE = "graveshift_template"
ROOM_NEEDED = 4 * 1024**3
# A test's database is some 600 files: memory takes them in a tenth of the time, and copying is cheaper than logging.
SETTINGS = {"max_connections": "300"}


def _roomiest() -> Path:
    """Shared memory where it has room for a few databases, else the temporary directory."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_NEEDED:
        return memory
    return Path(tempfile.gettempdir())


PLACE = _roomiest()


def _tell_errors_plainly() -> None:
    """structlog's own way for terminals draws a traceback for seconds, and a backend in this loop stands still."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


def pytest_configure(config: pytest.Config) -> None:
    """Name the server's home once, so that xdist's workers share one server; a slow machine is no counterexample."""
    hypothesis.settings.register_profile("house", deadline=None)
    hypothesis.settings.load_profile("house")
    _tell_errors_plainly()
    if hasattr(config, "workerinput"):
        return
    _sweep()
    home = PLACE / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    os.environ[HOME_VARIABLE] = str(home)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _remove(Path(os.environ.pop(HOME_VARIABLE)))


def _sweep() -> None:
    """Clear what a killed run left behind; the directory's name holds its pid."""
    for home in PLACE.glob(f"{PREFIX}*-*"):
        pid = home.name.removeprefix(PREFIX).partition("-")[0]
        if home.stat().st_uid == os.geteuid() and not Path(f"/proc/{pid}").exists():
            _remove(home)


def _remove(home: Path) -> None:
    if home.exists():
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> embedded.Server:
    """The run's PostgreSQL, shared by all workers; it does not survive a power cut, and need not."""
    home = Path(os.environ[HOME_VARIABLE])
    return embedded.start(embedded.Wish(home=home, durable=False, settings=SETTINGS))


@pytest.fixture(scope="session")
def template(server: embedded.Server) -> str:
    """The name of a migrated database to copy; made by whichever worker comes first."""
    with locked(server.home / "template.lock"):
        if not _command(server, "SELECT 1 FROM pg_database WHERE datname = 'graveshift_template'"):
            _command(server, f"CREATE DATABASE {TEMPLATE}_new")
            asyncio.run(migrations.upgrade(database_url(server, f"{TEMPLATE}_new")))
            _command(server, f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}")
    return TEMPLATE


@pytest.fixture
def database(server: embedded.Server, template: str) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh migrated database, dropped afterwards whoever is still connected."""
    yield from _scratch(server, f"TEMPLATE {template} STRATEGY file_copy")


@pytest.fixture
def empty_database(server: embedded.Server) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh database that was never migrated."""
    yield from _scratch(server, "")


def _scratch(server: embedded.Server, options: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    _command(server, f"CREATE DATABASE {name} {options}")
    yield database_url(server, name)
    _command(server, f"DROP DATABASE {name} WITH (FORCE)", server.superuser_dsn)


def database_url(server: embedded.Server, name: str) -> str:
    return server.url.replace("/graveshift?", f"/{name}?", 1)


def _command(server: embedded.Server, statement: str, dsn: str | None = None) -> bool:
    """Run a statement in the server's own database; whether it gave back a row."""
    with psycopg.connect(dsn or server.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.description is not None and cursor.fetchone() is not None
