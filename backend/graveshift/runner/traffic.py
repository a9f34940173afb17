"""What producers enqueue while a run is under way, so that it can make room for them."""

from collections.abc import Callable, Iterable
from typing import Protocol

# So many jobs a second, and chunks of an unlimited run go one by one.
BUSY_PER_S = 200.0


class Enqueued(Protocol):
    """Of one system."""

    async def enqueued(self) -> int:
        """Jobs that producers have enqueued, ever."""


class Traffic:
    """Jobs a second between the last two looks; `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: tuple[float, int] | None = None
        self.per_s = 0.0

    @property
    def is_busy(self) -> bool:
        """There is as much of it as is made room for."""
        return self.per_s >= BUSY_PER_S

    async def look(self, systems: Iterable[Enqueued]) -> None:
        """At all of them."""
        n, at = sum([await system.enqueued() for system in systems]), self._clock()
        if self._last is not None and at > self._last[0]:
            self.per_s = (n - self._last[1]) / (at - self._last[0])
        self._last = at, n
