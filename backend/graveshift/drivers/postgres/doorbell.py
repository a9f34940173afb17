"""The doorbell: producers ring when jobs have come, idle workers hear it. A hint: polls find what no ring told of."""

import asyncio
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graveshift.drivers.postgres import bare
from graveshift.drivers.postgres.connection import Held, discard
from graveshift.errors import DatabaseUnavailable
from graveshift.store.engine import GOODBYE_S, is_pooled, translated

CHANNEL = "graveshift_jobs"
# The rests between the rings of a process that goes on enqueueing. They grow while enqueues come this densely: whoever
# works on such a stream finds it by polling.
REST_FIRST_S, REST_LAST_S, DENSE_PER_S = 0.001, 0.05, 1000

# A ring that takes longer comes too late.
ANSWER_S = 6.0

_log = structlog.get_logger("graveshift.doorbell")

# Nothing is lost with a ring, so its commit waits for no disk.
RING = text(f"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{CHANNEL}', '')")

# The same with the commit of something that matters. Too dear for every enqueue: such commits wait for each other.
RING_AT_COMMIT = text(f"SELECT pg_notify('{CHANNEL}', '')")


class Bell:
    """Rung after the commit, from the loop; the first ring sounds at once, those that follow soon share the next."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._rope = Held(engine, heals=True)
        self._wanted = 0
        self._ringing: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Jobs have come."""
        self._wanted += 1
        if self._ringing is None:
            self._ringing = asyncio.create_task(self._ring())

    async def close(self) -> None:
        """Let the last ring sound."""
        if (ringing := self._ringing) is not None:
            await asyncio.wait([ringing], timeout=GOODBYE_S)
            ringing.cancel()
        await self._rope.close()

    async def _ring(self) -> None:
        rest_s = REST_FIRST_S
        try:
            while self._wanted:
                self._wanted, since = 0, monotonic()
                await self._rope.rows(RING, {}, within_s=ANSWER_S)
                await asyncio.sleep(rest_s)
                dense = self._wanted > DENSE_PER_S * (monotonic() - since)
                rest_s = min(2 * rest_s, REST_LAST_S) if dense else REST_FIRST_S
        except Exception as error:  # whatever it is: the jobs are there, and whoever waits will poll
            _log.warning("doorbell_not_rung", error=str(error))
        finally:
            self._ringing = None


class Ear:
    """Listens on a connection of its own; behind a pooler that shares connections not at all, and workers poll."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._turn = asyncio.Lock()
        self._rung = asyncio.Event()

    async def rung(self) -> None:
        """Until somebody has rung since the last call. A new connection counts as a ring: one may have been missed.

        Raises DatabaseUnavailable where the connection is lost, once; the next call makes a new one.
        """
        async with self._turn:
            if self._connection is None and not is_pooled(self._engine):
                await self._listen()
                return
        await self._rung.wait()
        self._rung.clear()
        if self._driver.is_closed():
            await self.close()
            raise DatabaseUnavailable("the connection that listened for jobs was lost")

    async def close(self) -> None:
        """Listen no more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(discard(connection))

    async def _listen(self) -> None:
        async with translated():
            connection = await self._engine.connect()
            try:
                driver = await bare.driver_of(connection)
                driver.add_termination_listener(self._wake)
                await driver.add_listener(CHANNEL, self._wake)
            except BaseException:
                await asyncio.shield(discard(connection))
                raise
        self._connection, self._driver = connection, driver

    def _wake(self, *_: Any) -> None:
        self._rung.set()
