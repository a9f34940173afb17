"""Chunks in a relay: one acts while the one before it is written down, and the one after it is picked."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any

from graveshift.driver import Unit


class Baton:
    """What a chunk is given. Where it is the `first`, nobody else is at work on the run."""

    def __init__(self, before: "asyncio.Task[None] | None", turn: asyncio.Event | None) -> None:
        self._before = before
        self._turn = turn
        self.free = asyncio.Event()

    @property
    def first(self) -> bool:
        return self._before is None

    async def turn(self) -> None:
        """Until the effect of the chunk before is made: no lock of ours may be in its way."""
        if self._turn is not None:
            await self._turn.wait()

    async def acted(self) -> None:
        """The effect is made: the next may make its own. Until the chunk before has ended; raises what that raised."""
        self.free.set()
        if self._before is not None:
            await asyncio.shield(self._before)


class InTurn:
    """A unit that lets a chunk get ready, and changes nothing before it is its turn."""

    def __init__(self, unit: Unit, baton: Baton) -> None:
        self._unit = unit
        self._baton = baton

    async def prepare(self, statement: Any) -> None:
        """At once."""
        await self._unit.execute(statement)

    async def execute(self, statement: Any, parameters: Mapping[str, Any] | None = None) -> Any:
        """When it is its turn."""
        await self._baton.turn()
        return await self._unit.execute(statement, parameters)


Leg = Callable[[Baton], Coroutine[Any, Any, None]]
Pick = Callable[[str | None, int], Coroutine[Any, Any, Sequence[str]]]


class Relay:
    """Two chunks at most are under way; left early, what has not ended is given up, and so never happened.

    They make their effects in the order they began in, and end in it.
    """

    def __init__(self) -> None:
        self._last: asyncio.Task[None] | None = None
        self._turn: asyncio.Event | None = None
        self._all: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Relay":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None,
                        /) -> None:  # fmt: skip
        for chunk in self._all:
            chunk.cancel()
        await asyncio.gather(*self._all, return_exceptions=True)

    async def run(self, leg: Leg) -> None:
        """Begin a chunk; returns when the one before it has ended. Raises what that raised."""
        before, baton = self._last, Baton(self._last, self._turn)
        chunk = asyncio.create_task(leg(baton))
        chunk.add_done_callback(lambda _: baton.free.set())
        self._last, self._turn = chunk, baton.free
        self._all = {one for one in (before, chunk) if one is not None}
        if before is not None:
            await asyncio.shield(before)

    async def end(self) -> None:
        """Until every chunk has ended. Raises what the last one raised."""
        last, self._last, self._turn = self._last, None, None
        if last is not None:
            await asyncio.shield(last)


class Ahead:
    """Picks the next chunk before it is asked for."""

    def __init__(self, pick: Pick) -> None:
        self._pick = pick
        self._after: str | None = None
        self._found: asyncio.Task[Sequence[str]] | None = None

    async def take(self, after: str | None, limit: int) -> Sequence[str]:
        """Up to `limit` ids after this one."""
        found, self._found = self._found, None
        if found is None:
            return await self._pick(after, limit)
        ids = await found
        return ids[:limit] if self._after == after else await self._pick(after, limit)

    def look(self, after: str | None, limit: int) -> None:
        """Begin to pick what is going to be asked for."""
        self._after, self._found = after, asyncio.create_task(self._pick(after, limit))

    async def end(self) -> None:
        """What was picked and is not asked for."""
        found, self._found = self._found, None
        if found is not None:
            found.cancel()
            await asyncio.gather(found, return_exceptions=True)
