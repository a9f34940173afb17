"""A named statement straight through asyncpg: on the hot paths SQLAlchemy costs as much as the database."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import TextClause, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection

# The server is going or gone, whatever the socket says yet.
GONE = ("57P", "08")
# What the client says where it does not begin, because the server has had its last words already.
REFUSED_HERE = "cannot switch to state"
# Statements that are kept as they are sent.
KEPT = 512
DIALECT = make_url("postgresql+asyncpg://").get_dialect()()


def _column(row: Any, name: str) -> Any:
    try:
        return row[name]
    except KeyError:
        raise AttributeError(name) from None


# A row whose columns are attributes, as those of SQLAlchemy are.
NAMED = type("Named", (asyncpg.Record,), {"__slots__": (), "__getattr__": _column})


class Told(Exception):
    """what the server or its client said, worded as SQLAlchemy words it"""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{type(error)}: {error}")
        self.sqlstate = getattr(error, "sqlstate", None)


class NotSent(DBAPIError):
    """the connection was found lost before the statement left"""


async def driver_of(connection: AsyncConnection) -> Any:
    """The asyncpg connection inside. It must be in autocommit: nothing here begins or ends a transaction."""
    return (await connection.get_raw_connection()).driver_connection


async def fetch(
    driver: Any, statement: TextClause, parameters: Mapping[str, Any], *, within_s: float | None = None
) -> Sequence[Any]:
    """All rows. Raises DBAPIError as SQLAlchemy would; `connection_invalidated` where the connection is lost.

    TimeoutError where no answer came within `within_s`, None for the limit of the connection.
    """
    sql, names = _compiled(statement)
    return await ask(driver, sql, [parameters[name] for name in names], within_s=within_s)


async def ask(driver: Any, sql: str, values: Sequence[Any], *, within_s: float | None = None) -> Sequence[Any]:
    """The same for a text with `$1, $2, ...` in it."""
    with _worded(driver, sql):
        found: Sequence[Any] = await driver.fetch(sql, *values, timeout=within_s, record_class=NAMED)
    return found


async def tell(driver: Any, sql: str) -> None:
    """Commands for the session. Raises as `fetch` does."""
    with _worded(driver, sql):
        await driver.execute(sql)


@contextmanager
def _worded(driver: Any, sql: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as silence:
        raise TimeoutError("no answer came, and whether it was done is not known") from silence
    except asyncpg.PostgresError as error:
        lost = driver.is_closed() or str(error.sqlstate or "").startswith(GONE)
        raise DBAPIError(sql, None, Told(error), connection_invalidated=lost) from error
    except asyncpg.InternalClientError as error:  # the server's last words came, and the end did not yet
        kind = NotSent if str(error).startswith(REFUSED_HERE) else DBAPIError
        raise kind(sql, None, Told(error), connection_invalidated=True) from error
    except asyncpg.InterfaceError as error:
        raise InterfaceError(sql, None, Told(error), connection_invalidated=driver.is_closed()) from error


async def answers(driver: Any, within_s: float) -> bool:
    """Whether the server is still at the other end."""
    try:
        async with asyncio.timeout(within_s):
            await driver.execute("SELECT 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        return False
    return True


@lru_cache(KEPT)
def _compiled(statement: TextClause) -> tuple[str, Sequence[str]]:
    """Statements are constants of ours, or few."""
    compiled = statement.compile(dialect=DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())
