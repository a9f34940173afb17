"""Reads of one request on one connection, turn by turn: it is taken from the pool, and asked, once for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class _Shared:
    """A connection that the reads of one context take turns with; after one that failed, the next takes another."""

    def __init__(self) -> None:
        self.reader: asyncio.Task[object] | None = None
        self._turn = asyncio.Lock()
        self._is_over = False
        self._connection: AsyncConnection | None = None

    @asynccontextmanager
    async def read(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A task that comes after `end` gives back what it took."""
        async with self._turn:
            self.reader, is_whole = asyncio.current_task(), False
            try:
                if self._connection is None:
                    self._connection = await engine.connect()
                    await self._connection.execution_options(isolation_level="AUTOCOMMIT")
                async with _in_time(self._connection) as connection:
                    yield connection
                is_whole = not self._is_over
            finally:
                self.reader = None
                if not is_whole:
                    await self._give_back()

    async def end(self) -> None:
        """Once the read that is under way has ended, also where its caller waits for it no more."""
        async with self._turn:
            self._is_over = True
            await self._give_back()

    async def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(connection.close())


_HERE: ContextVar[dict[AsyncEngine, _Shared] | None] = ContextVar("graveshift_shared_connections", default=None)


@asynccontextmanager
async def on_one_connection() -> AsyncIterator[None]:
    """Reads in here that need no transaction share a connection of each engine, also those of tasks begun in here."""
    shared: dict[AsyncEngine, _Shared] = {}
    before = _HERE.set(shared)
    try:
        yield
    finally:
        _HERE.reset(before)
        for one in shared.values():
            await asyncio.shield(one.end())


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in autocommit: the one that is shared here, else, and within a read, one of its own."""
    here = _HERE.get()
    shared = None if here is None else here.setdefault(engine, _Shared())
    if shared is None or shared.reader is asyncio.current_task():
        async with engine.connect() as plain, _in_time(plain) as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")
    else:
        async with shared.read(engine) as connection:
            yield connection


@asynccontextmanager
async def _in_time(connection: AsyncConnection) -> AsyncIterator[AsyncConnection]:
    try:
        yield connection
    except TimeoutError:  # in the pool it would keep the next one waiting as long
        await connection.invalidate()
        raise
