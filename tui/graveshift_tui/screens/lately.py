"""The pace of the last seconds: how many more failures one reading knows of than another did shortly before."""

from collections import deque
from typing import Final

from graveshift.wire.overview import Overview

SPAN_S: Final = 15.0
SHORTEST_S: Final = 8.0
"""Seconds that tell a pace."""


class Lately:
    """Keeps the readings of some seconds; what the minutes of a trend say of each is exact, whenever it was read."""

    def __init__(self) -> None:
        self._seen: deque[Overview] = deque()

    def take(self, seen: Overview) -> float | None:
        """Failures a minute since the oldest reading that is kept; None where that says nothing yet."""
        if self._seen and seen.as_of <= self._seen[-1].as_of:
            self._seen.clear()
        self._seen.append(seen)
        while (seen.as_of - self._seen[0].as_of).total_seconds() > SPAN_S:
            self._seen.popleft()
        first = self._seen[0]
        took, more = (seen.as_of - first.as_of).total_seconds(), _more(first, seen)
        return None if more is None or took < SHORTEST_S else 60 * more / took


def _more(before: Overview, after: Overview) -> int | None:
    """Failures that came between: in the minute that ran then, as far as it was not counted, and in those after it."""
    was, now = before.totals, after.totals
    if was.minute is None or now.minute is None or not was.trend:
        return None
    passed = int((now.minute - was.minute).total_seconds()) // 60
    if not 0 <= passed < len(now.trend):
        return None
    return max(0, sum(now.trend[-1 - passed :]) - was.trend[-1])
