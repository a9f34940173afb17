"""How many at a time, and when: a canary, a handful, then steadily at the rate of the run. Pure."""

import math
from collections.abc import Callable

BEAT_S = 0.25
RAMP = (1, 11)


class Pace:
    """Paces one run. Rates are items per second, None is unlimited; a rate may change between any two chunks.

    The allowance is never saved up: a run that was held back does not catch up in a burst.
    """

    def __init__(self, chunk: int, clock: Callable[[], float]) -> None:
        self._chunk = chunk
        self._clock = clock
        self._since = clock()
        self._spent = 0

    def size(self, rate: float | None, handled: int) -> int:
        """How many the next chunk may hold: all for unlimited; 1, then 10, then a quarter second's worth."""
        if rate is None:
            return self._chunk
        steady = min(self._chunk, max(1, math.floor(rate * BEAT_S)))
        for end in RAMP:
            if handled < end:
                return min(self._chunk, end - handled)
        return steady

    def spent(self, items: int) -> None:
        """So many were acted on just now."""
        self._spent = items
        self._since = self._clock()

    def wait_s(self, rate: float | None) -> float:
        """Seconds until the next chunk is due at this rate; 0 where it is due."""
        if rate is None:
            return 0.0
        return max(0.0, self._since + self._spent / rate - self._clock())
