"""Connections to PostgreSQL, and the one MetaData that every table belongs to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from asyncpg import InternalClientError
from sqlalchemy import URL, MetaData, event, make_url, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    InvalidatePoolError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

from graveshift.errors import DatabaseBehind, DatabaseUnavailable, SettingsError
from graveshift.store.sharing import reading

SCHEMES = ("postgresql", "postgres")
METADATA = MetaData()
PING_S, GOODBYE_S = 3.5, 3.0

# For rooms above, which do not speak SQLAlchemy.
Engine = AsyncEngine

POOLED = "graveshift_pooled"
SETTINGS = {"application_name": "graveshift", "timezone": "UTC"}
# A transaction that says nothing for so long belongs to a process that is stopped: its locks are others' to have.
LIMITS = {"lock_timeout": "5s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "15s"}
# Behind a pooler in transaction mode the next statement may meet another server process, which knows no name that was
# given before: a statement without a name is prepared and run in one go.
NAMELESS: Mapping[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": str,
}


def create_engine(url: str, *, pool_size: int = 10, answer_s: float = 90.0, pooled: bool = False) -> AsyncEngine:
    """An engine for a `postgresql://` URL; connections are checked before use, so a restart heals by itself.

    The connection that came back last is the next to be taken: it knows the statements, and the plans of them.
    One that gives no answer for `answer_s` is given up: it may lead nowhere and yet never be closed.
    `pooled` is for a pooler in transaction mode: it refuses our limits, which are then its own to set.
    """
    told = {"server_settings": SETTINGS, **NAMELESS} if pooled else {"server_settings": SETTINGS | LIMITS}
    engine = create_async_engine(
        dialled(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,
        pool_timeout=10,
        connect_args={**told, "timeout": min(10.0, answer_s), "command_timeout": answer_s},
        execution_options={POOLED: pooled},
    )
    event.listen(engine.sync_engine, "checkout", _checked)
    return engine


def is_pooled(engine: AsyncEngine) -> bool:
    """Whether a pooler stands between, so that what is said of a session is forgotten, or told to others."""
    return bool(engine.get_execution_options().get(POOLED))


def _checked(connection: Any, record: Any, _: object) -> None:
    """Ask a connection that was used before whether it still leads somewhere; if not, no other of that age does.

    The pool's own check would wait for an answer as long as for any statement. None is believed for having answered
    just now: of connections that go silent all at once, each would then cost whoever takes it a statement's patience.
    """
    if not record.info.setdefault("used", False):
        record.info["used"] = True
        return
    try:
        connection.run_async(_ping)
    except Exception as lost:
        raise InvalidatePoolError from lost


async def _ping(connection: Any) -> None:
    async with asyncio.timeout(PING_S):
        await connection.execute("SELECT 1")  # asyncpg fails on an answer without a command tag


def dialled(url: str) -> URL:
    """A URL as people write it, for our driver: libpq's `sslmode` is `ssl` there.

    Raises SettingsError where it is no URL of a PostgreSQL, and keeps its password to itself.
    """
    try:
        given = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError("a database's URL looks like postgresql://user@host:5432/name; this one does not") from None
    scheme = given.drivername
    if scheme.partition("+")[0] not in SCHEMES:
        raise SettingsError(f"a database's URL begins with postgresql://, and this one with {scheme}://")
    where = given.set(drivername="postgresql+asyncpg")
    if "sslmode" in where.query:
        where = where.difference_update_query(["sslmode"]).update_query_dict({"ssl": where.query["sslmode"]})
    return where


async def shut(engine: AsyncEngine) -> None:
    """Say goodbye to the server on every connection, but do not wait for one that does not answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_S):
            await engine.dispose()


# Another transaction was in the way, or the server comes or goes or is full: the same statement may well work later.
PASSING = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"}
# As PostgreSQL words it. What it says of a password is left as it is: a rotation goes by it.
NO_SUCH_DATABASE = "3D000"
# No such schema, table, column or function: of this version's statements that can only be the schema's age.
BEHIND = {"3F000", "42P01", "42703", "42883"}


class Unit:
    """One transaction; see `graveshift.driver.Unit`. Leaving it without `commit` means that nothing happened."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Run one statement inside the transaction."""
        return await self._connection.execute(statement, dict(parameters or {}))

    async def prepare(self, statement: Executable) -> None:
        """The same: nobody is ahead of it."""
        await self.execute(statement)

    async def commit(self) -> None:
        """Make it so, all of it."""
        await self._connection.commit()


@asynccontextmanager
async def open_unit(engine: AsyncEngine) -> AsyncIterator[Unit]:
    """A unit of work. Raises DatabaseUnavailable where the server does not answer."""
    async with translated(), engine.connect() as connection:
        try:
            yield Unit(connection)
        except TimeoutError:
            await connection.invalidate()
            raise
        finally:
            if not connection.closed and connection.in_transaction():
                await connection.rollback()


@asynccontextmanager
async def open_look(engine: AsyncEngine) -> AsyncIterator[Unit]:
    """Reads without a transaction around them, so without the round trips that begin and end one."""
    async with translated(), reading(engine) as connection:
        yield Unit(connection)


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Errors that will pass, as of a lost connection or a lock not had, become ours; every other error stays."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalClientError, PoolTimeout, OSError, TimeoutError) as lost:
        raise DatabaseUnavailable(str(getattr(lost, "orig", lost))) from lost
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        confused = state is None and isinstance(error, InternalError)  # asyncpg, by a server's last words
        if error.connection_invalidated or confused or state in PASSING or state == NO_SUCH_DATABASE:
            raise DatabaseUnavailable(str(error.orig)) from error
        if state in BEHIND:
            raise DatabaseBehind(str(error.orig)) from error
        raise


async def answers(engine: AsyncEngine) -> None:
    """One round trip. Raises DatabaseUnavailable where none comes back."""
    async with translated(), engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
