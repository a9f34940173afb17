"""Connections beside the pool, for work that outlives its timeouts: snapshots, counting, scratch databases."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from graveshift.errors import DatabaseRefused, DatabaseUnavailable
from graveshift.store.engine import NAMELESS, dialled, translated
from graveshift.store.login import Logins, follow

MET = text("SELECT pg_backend_pid() AS pid, current_setting('statement_timeout') AS patience")


@asynccontextmanager
async def connect_aside(
    url: str, login: Logins | None = None, *, database: str | None = None, isolation: str = "AUTOCOMMIT"
) -> AsyncIterator[AsyncConnection]:
    """One connection with no time limit on statements; in `database`, else in the URL's.

    Raises DatabaseUnavailable where no server answers and DatabaseRefused where it refuses us or a statement;
    neither names the statement, which may hold a verifier.
    """
    where = dialled(url)
    if database is not None:
        where = where.set(database=database)
    told = {"timeout": 10, **NAMELESS}
    engine = create_async_engine(where, poolclass=NullPool, isolation_level=isolation, connect_args=told)
    if login is not None:
        follow(engine, login)
    try:
        async with AsyncExitStack() as stack:
            async with translated():
                connection = await stack.enter_async_context(engine.connect())
            yield connection
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable(_reason(error)) from None
        raise DatabaseRefused(_reason(error)) from None
    finally:
        await engine.dispose()


async def met_pooler(url: str) -> tuple[bool, bool]:
    """Whether a pooler stands there, which names another process than the one that answers; and whether statements
    have a time limit there.
    """
    async with connect_aside(url) as connection:
        row = (await connection.execute(MET)).one()
        driver = (await connection.get_raw_connection()).driver_connection
        told = driver.get_server_pid() if driver else row.pid
    return told != row.pid, row.patience != "0"


def _reason(error: DBAPIError) -> str:
    return (str(error.orig).splitlines() or ["it does not say why"])[0]
