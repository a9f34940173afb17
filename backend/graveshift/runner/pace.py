"""How many at a time, and when: from a few a second on, doubling, until the rate of the run is reached. Pure."""

import math
from collections.abc import Callable

BEAT_S = 0.25


class Pace:
    """Paces one run. Rates are items per second, None is unlimited; a rate may change between any two chunks.

    It begins with `start` and doubles every `double_s`; a rate that is changed meanwhile holds at once, for somebody
    said it. The time that a chunk takes is part of its turn, so that a rate is what it says; but the allowance is never
    saved up: a run that was held back does not catch up in a burst.
    """

    def __init__(self, chunk: int, clock: Callable[[], float], *, start: float, double_s: float) -> None:
        self._chunk = chunk
        self._clock = clock
        self._start = start
        self._double_s = double_s
        self._began = self._since = clock()
        self._first: tuple[float | None] | None = None
        self._ramps = True
        self._spent = 0

    def begin(self) -> None:
        """What went before, a canary say, was no part of the ramp."""
        self._began = self._since = self._clock()
        self._spent = 0

    def rate(self, ordered: float | None) -> float | None:
        """The rate that holds now where this one is ordered."""
        if self._first is None:
            self._first = (ordered,)
        self._ramps = self._ramps and self._first[0] == ordered
        if ordered is None or not self._ramps or ordered <= self._start:
            return ordered
        doublings = (self._clock() - self._began) / self._double_s
        if self._start * 2 ** min(doublings, 64) >= ordered:
            return ordered
        return float(self._start * 2**doublings)

    def size(self, rate: float | None) -> int:
        """How many the next chunk may hold: all for unlimited, else a quarter second's worth."""
        if rate is None:
            return self._chunk
        return min(self._chunk, max(1, math.floor(rate * BEAT_S)))

    def turn(self) -> None:
        """A chunk begins now."""
        self._since = self._clock()

    def spent(self, items: int) -> None:
        """So many were acted on in it."""
        self._spent = items

    def wait_s(self, rate: float | None) -> float:
        """Seconds until the next chunk is due at this rate; 0 where it is due."""
        if rate is None:
            return 0.0
        return max(0.0, self._since + self._spent / rate - self._clock())
