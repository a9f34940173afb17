"""Chunks in a relay: one is acted on while the one before it is written down, and the one after it is picked."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any


class Baton:
    """What a chunk is given. Where it is the `first`, nobody else is at work on the run."""

    def __init__(self, before: asyncio.Task[None] | None) -> None:
        self._before = before
        self._free = asyncio.Event()

    @property
    def first(self) -> bool:
        return self._before is None

    async def acted(self) -> None:
        """The effect is made: the next may begin. Returns when the chunk before has ended, raises what that raised."""
        self._free.set()
        if self._before is not None:
            await asyncio.shield(self._before)

    async def free(self, chunk: asyncio.Task[None]) -> None:
        """Until the effect is made, or the chunk is over."""
        chunk.add_done_callback(lambda _: self._free.set())
        await self._free.wait()


Leg = Callable[[Baton], Coroutine[Any, Any, None]]


Pick = Callable[[str | None, int], Coroutine[Any, Any, Sequence[str]]]


class Relay:
    """Two chunks at most are under way; left early, what has not ended is given up, and so never happened.

    They end in the order they began in.
    """

    def __init__(self) -> None:
        self._last: asyncio.Task[None] | None = None
        self._all: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Relay":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None,
                        /) -> None:  # fmt: skip
        for chunk in self._all:
            chunk.cancel()
        await asyncio.gather(*self._all, return_exceptions=True)

    async def run(self, leg: Leg) -> None:
        """Returns when its effect is made and the chunk before it has ended. Raises what either raised."""
        before = self._last
        baton = Baton(before)
        self._last = asyncio.create_task(leg(baton))
        self._all = {chunk for chunk in (before, self._last) if chunk is not None}
        await baton.free(self._last)
        if before is not None:
            await asyncio.shield(before)
        if self._last.done():
            self._last.result()

    async def end(self) -> None:
        """Until every chunk has ended. Raises what the last one raised."""
        last, self._last = self._last, None
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
