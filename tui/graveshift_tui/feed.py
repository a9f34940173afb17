"""Readings that stay fresh: polling is the path that is always right, hints only make it quicker."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing, suppress
from time import monotonic
from typing import Final, Generic, TypeVar

from msgspec import Struct

from graveshift_tui.client import Client, backoff
from graveshift_tui.settings import ConsoleError

T = TypeVar("T")

STOOD_S: Final = 5.0


class Reading(Struct, Generic[T], frozen=True):
    """The newest value and when it was read (`time.monotonic`), kept while later tries fail.

    `value` None means never read yet. `error` is of the last try, failure number `attempt` in a row;
    the next try starts in `retry_in_s` seconds.
    """

    value: T | None
    at: float
    error: ConsoleError | None = None
    attempt: int = 0
    retry_in_s: float | None = None


class Feed:
    """Shares one event stream between all watchers; it is open while anyone watches."""

    def __init__(self, client: Client, interval_s: float = 1.0) -> None:
        self.interval_s = interval_s
        self._client = client
        self._watchers: set[_Watcher] = set()
        self._retry = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self._connected = False

    @property
    def connected(self) -> bool:
        """True while the event stream stands; without it readings are as right, only less prompt."""
        return self._connected

    def retry_now(self) -> None:
        """Ends every wait between tries, and reads everything again."""
        self._retry.set()
        for watcher in self._watchers:
            watcher.retry()

    async def watch(
        self, read: Callable[[], Awaitable[T]], resources: Collection[str], *, interval_s: float | None = None
    ) -> AsyncGenerator[Reading[T], None]:
        """A reading each interval, and sooner (once per interval) on a hint for one of `resources`; never ends.

        Reads of one watcher never overlap: the next begins when the reading before was taken.
        """
        watcher = _Watcher(frozenset(resources), interval_s or self.interval_s)
        self._join(watcher)
        reading: Reading[T] = Reading(None, monotonic())
        try:
            while True:
                started = monotonic()
                reading = await _read(read, reading)
                yield reading
                await watcher.wait(started, reading.retry_in_s)
        finally:
            await self._leave(watcher)

    async def close(self) -> None:
        """Stops listening; watchers still read at each interval."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener

    def _join(self, watcher: "_Watcher") -> None:
        self._watchers.add(watcher)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="hints")

    async def _leave(self, watcher: "_Watcher") -> None:
        self._watchers.discard(watcher)
        if not self._watchers:
            await self.close()

    async def _listen(self) -> None:
        """Keeps the stream open for ever; it carries no truth, so why it broke is for the readings to tell."""
        failures = 0
        while True:
            opened = monotonic()
            with suppress(ConsoleError):
                await self._hear()
            failures = 0 if monotonic() - opened > STOOD_S else failures + 1
            self._retry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff(failures)):
                    await self._retry.wait()

    async def _hear(self) -> None:
        """Passes hints on until the stream ends."""
        try:
            async with aclosing(self._client.hints()) as hints:
                async for hint in hints:
                    self._connected = True
                    for watcher in self._watchers:
                        watcher.hear(hint.resource)
        finally:
            self._connected = False


class _Watcher:
    """When one watcher reads next."""

    def __init__(self, resources: frozenset[str], interval_s: float) -> None:
        self._resources = resources
        self._interval_s = interval_s
        self._wake = asyncio.Event()
        self._hinted = False
        self._hinted_at = float("-inf")

    def hear(self, resource: str) -> None:
        """Brings the next read forward where the hint is for us, but only once per interval."""
        if resource == "*" or resource in self._resources:
            self._hinted = True
            self._wake.set()

    def retry(self) -> None:
        """Brings the next read forward to now."""
        self._hinted_at = float("-inf")
        self._hinted = True
        self._wake.set()

    async def wait(self, started: float, retry_in_s: float | None) -> None:
        """Until the next read is due; a read slower than the interval is followed by a short rest."""
        rest = self._interval_s / 10 if retry_in_s is None else retry_in_s
        due = max(started + self._interval_s if retry_in_s is None else 0.0, monotonic() + rest)
        while (pause := self._next(due) - monotonic()) > 0:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
        if self._hinted and monotonic() < due:
            self._hinted_at = monotonic()
        self._hinted = False

    def _next(self, due: float) -> float:
        return min(due, self._hinted_at + self._interval_s) if self._hinted else due


async def _read(read: Callable[[], Awaitable[T]], last: Reading[T]) -> Reading[T]:
    try:
        return Reading(await read(), monotonic())
    except ConsoleError as error:
        attempt = last.attempt + 1
        return Reading(last.value, last.at, error, attempt, backoff(attempt))
