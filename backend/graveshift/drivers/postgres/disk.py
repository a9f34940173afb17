"""The disk, for what did not wait for it: claims that meet wait together, when their locks are long gone."""

import asyncio

from sqlalchemy import text

from graveshift.drivers.postgres.connection import Held
from graveshift.store.engine import Engine

# A few bytes of log in a transaction of their own: its commit is there when all that was committed before it is.
FLUSH = text("SELECT pg_logical_emit_message(true, 'graveshift', '')")


class Disk:
    """Waited for on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._held = Held(engine)
        self._turn = asyncio.Lock()
        self._next: asyncio.Future[None] | None = None

    async def has_all(self) -> None:
        """Until what was committed before this call outlasts a crash of the server, as far as its settings promise.

        Raises DatabaseUnavailable where that is not known.
        """
        if self._next is None:
            self._next = asyncio.ensure_future(self._flush())
        await asyncio.shield(self._next)

    async def close(self) -> None:
        """Give the connection back."""
        await self._held.close()

    async def _flush(self) -> None:
        async with self._turn:
            self._next = None  # who comes from here on may have committed after this statement began
            await self._held.rows(FLUSH, {})
