"""Connections of the queue: one held in autocommit for hot statements, and short ones for reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from sqlalchemy import Row, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql import Executable

from graveshift.drivers.postgres import bare
from graveshift.errors import DatabaseUnavailable, Invalid
from graveshift.store.engine import PING_S, is_pooled, translated
from graveshift.store.sharing import reading

Rows = Sequence[Row[Any]]
Once = Callable[[Executable, Mapping[str, Any]], Awaitable[Rows]]

# Deadlock and serialisation failure: the statement did nothing and may simply be made again.
TRANSIENT = ("40P01", "40001")
# What a caller's own values can cause: data that a type cannot hold, a name that breaks a check, JSON that is too deep.
REFUSED = ("22", "23514", "54001")
TRIES = 4
# Plans are kept, and one made while the queue was all but empty would read all of it once it is full. To make one for
# the very values at hand takes as long as a claim, and says the same. Behind a pooler none is kept.
BY_INDEX = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"
# The same for reads of a few rows in the order of an index: a plan for any value would sooner read and sort what it
# takes for few, and of a great cause that is half of all letters.
IN_ORDER = f"{BY_INDEX}; SET enable_sort = off"
# A connection that answered so short a time ago is believed to lead somewhere.
FRESH_S = 1.0


class Held:
    """One connection in autocommit, kept between statements and opened again after it was lost.

    Statements wait for each other. A lost connection is DatabaseUnavailable, and whether the statement that met it
    took effect is then unknown: callers rely on their fence when they repeat it. One that `heals` is opened again
    without a word where it was seen to be lost before the statement was sent; after a rest it is asked.
    """

    def __init__(self, engine: AsyncEngine, *, heals: bool = False, told: str | None = None) -> None:
        self._heals = heals
        self._told = told
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._answered = 0.0
        self._turn = asyncio.Lock()

    @property
    def is_busy(self) -> bool:
        """A statement is under way here."""
        return self._turn.locked()

    async def rows(
        self, statement: TextClause, parameters: Mapping[str, Any], *, within_s: float | None = None
    ) -> Rows:
        """Run one statement and fetch what it returns; one that is silent for `within_s` is lost."""

        async def once(_: Executable, parameters: Mapping[str, Any]) -> Rows:
            return await bare.fetch(await self._dialled(), statement, parameters, within_s=within_s)

        async with self._turn, translated():
            try:
                found = await self._healed(once, statement, parameters)
            except DBAPIError as error:
                raise await self._judged(error) from error
            except BaseException:
                await self._drop()
                raise
            self._answered = monotonic()
            return found

    async def _healed(self, once: Once, statement: TextClause, parameters: Mapping[str, Any]) -> Rows:
        try:
            return await again(once, statement, parameters)
        except bare.NotSent:
            if not self._heals:
                raise
            await self._drop()
            return await again(once, statement, parameters)

    async def close(self) -> None:
        """Give the connection back."""
        async with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                await connection.close()

    async def _dialled(self) -> Any:
        if self._heals and self._connection is not None and not await self._leads_somewhere():
            await self._drop()
        if self._connection is None:
            plain = await self._engine.connect()
            self._connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            self._driver = await bare.driver_of(self._connection)
            if not is_pooled(self._engine):
                await bare.tell(self._driver, self._told or BY_INDEX)
        return self._driver

    async def _leads_somewhere(self) -> bool:
        if self._driver.is_closed():
            return False
        return monotonic() - self._answered < FRESH_S or await bare.answers(self._driver, PING_S)

    async def _judged(self, error: DBAPIError) -> Exception:
        if error.connection_invalidated or not sqlstate(error):
            await self._drop()
        return refused(error)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(discard(connection))


class Ready:
    """A held connection for reads that are planned once, and the pool for those that come while it is busy."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._held = Held(engine, heals=True, told=IN_ORDER)

    async def rows(self, statement: TextClause, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """What it returns. Raises as `opened` does."""
        if not self._held.is_busy:
            return await self._held.rows(statement, parameters)
        async with opened(self._engine) as connection:
            return await fetched(connection, statement, parameters)

    async def close(self) -> None:
        """Give the connection back."""
        await self._held.close()


async def discard(connection: AsyncConnection) -> None:
    """Give a connection back that nobody shall use any more; shield it where the caller may be cancelled."""
    try:
        await connection.invalidate()
        await connection.close()
    except (DBAPIError, OSError):
        return


async def read(engine: AsyncEngine, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Rows:
    """Run one statement by itself on a connection of the pool."""
    async with opened(engine) as connection:
        result = await connection.execute(statement, dict(parameters or {}))
        return result.fetchall() if result.returns_rows else []


async def fetched(connection: AsyncConnection, statement: TextClause, parameters: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a statement that is read often, straight through asyncpg, on a connection that `opened` gave."""
    return await bare.fetch(await bare.driver_of(connection), statement, parameters)


async def write(engine: AsyncEngine, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Rows:
    """The same for a statement that may meet a deadlock: it is then made again."""

    async def once(statement: Executable, parameters: Mapping[str, Any]) -> Rows:
        return await read(engine, statement, parameters)

    return await again(once, statement, parameters or {})


@asynccontextmanager
async def opened(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in autocommit for a few reads. Raises DatabaseUnavailable or Invalid instead of foreign errors."""
    async with translated():
        try:
            async with reading(engine) as connection:
                yield connection
        except DBAPIError as error:
            raise refused(error) from error


async def again(once: Once, statement: Executable, parameters: Mapping[str, Any]) -> Rows:
    """Call `once` until it does not end in a deadlock, a few times at most."""
    for _ in range(TRIES - 1):
        try:
            return await once(statement, parameters)
        except DBAPIError as error:
            if sqlstate(error) not in TRANSIENT:
                raise
    return await once(statement, parameters)


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's five letters, or nothing where the error did not come from the server."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def refused(error: DBAPIError) -> Exception:
    """Invalid where the caller's values were at fault; DatabaseUnavailable where the server is going; else itself."""
    state = sqlstate(error)
    if state.startswith(REFUSED):
        return Invalid(str(error.orig).partition(": ")[2])
    return DatabaseUnavailable(str(error.orig)) if state.startswith(("57P", "08", "53")) else error
