"""Bring a database to the schema this version needs, and say where it stands."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from graveshift.errors import DatabaseAhead, DatabaseBehind, DatabaseUnavailable
from graveshift.store.engine import NAMELESS, dialled

VERSION_SCHEMA = "graveshift_ledger"
VERSION_TABLE = "alembic_version"
# Any constant will do, as long as no other program takes the same lock in the same database.
LOCK_KEY = 0x6772617665
CONNECT_S = 10
HERE = Path(__file__).parent

__all__ = ["current", "head", "require_head", "upgrade"]


async def upgrade(dsn: str, revision: str = "head") -> str:
    """Apply what is missing in one transaction, one process at a time; returns the revision reached."""
    engine = _engine(dsn)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
            _check_known(await connection.run_sync(_current))
            await connection.run_sync(_upgrade, revision)
            reached = await connection.run_sync(_current)
    except (OSError, DBAPIError) as error:
        raise _translated(error) from error
    finally:
        await engine.dispose()
    return reached or ""


async def current(dsn: str) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    engine = _engine(dsn)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_current)
    except (OSError, DBAPIError) as error:
        raise _translated(error) from error
    finally:
        await engine.dispose()


@cache
def head() -> str:
    """The revision this version of the program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


async def require_head(dsn: str) -> None:
    """Raise DatabaseBehind or DatabaseAhead unless the database is where this version needs it."""
    found = await current(dsn)
    _check_known(found)
    if found != head():
        raise DatabaseBehind(f"it is at {found or 'nothing'}, this version needs {head()}")


def _check_known(revision: str | None) -> None:
    if revision is None:
        return
    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError as error:
        raise DatabaseAhead(f"it is at {revision}, this version knows up to {head()}") from error


def _engine(dsn: str) -> AsyncEngine:
    return create_async_engine(dialled(dsn), connect_args={"timeout": CONNECT_S, **NAMELESS})


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(_config(connection), revision)


def _current(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE, "version_table_schema": VERSION_SCHEMA}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _translated(error: OSError | DBAPIError) -> Exception:
    """A database that does not answer is news for the operator; a bad statement is a defect of ours."""
    unreachable = isinstance(error, OSError) or error.connection_invalidated or _turned_away(error)
    cause = error if isinstance(error, OSError) else error.orig
    told = str(cause).splitlines() or [type(cause).__name__]
    return DatabaseUnavailable(told[0]) if unreachable else error


def _turned_away(error: DBAPIError) -> bool:
    """It does not let us in: a wrong login, no such database, no connection left, starting or stopping."""
    return str(getattr(error.orig, "sqlstate", None) or "").startswith(("08", "28", "3D", "53", "57P"))
