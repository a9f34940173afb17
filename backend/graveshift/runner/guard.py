"""When a run slows itself down, recovers, or pauses itself: thresholds held against what was seen. Pure."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from graveshift.drip import DripSettings
from graveshift.trial import Firsts

# A threshold is left again at this part of it, so that a run does not swing to and fro.
CALM = 0.5
# A run slows itself down no further: at this rate it is as good as a probe of its own, and still ends.
FLOOR = 1.0


class Filled(Struct, frozen=True):
    """A queue that the run fills: how long its oldest job waits and how many wait, now and when it was first seen."""

    queue: str
    oldest_s: float
    waiting: int
    first_oldest_s: float
    first_waiting: int


class Asked(Struct, frozen=True):
    """A probe: failures in a row, how many of them stop a run, and what the last one was."""

    name: str
    failures: int
    most: int
    why: str = ""


class Seen(Struct, frozen=True):
    """What there was to see of a run."""

    firsts: Firsts = Firsts(0, 0)
    filled: Sequence[Filled] = ()
    probe: Asked | None = None


class Change(Struct, frozen=True):
    """`slowed` is the rate from now on, None for its own; with `halt` it pauses itself. `why` is for people."""

    slowed: float | None
    why: str
    halt: bool = False


class Guard:
    """Judges one run. After a change of speed it waits, and what ended before the change counts no more."""

    def __init__(self, drip: DripSettings, clock: Callable[[], float]) -> None:
        self._drip = drip
        self._clock = clock
        self.since = clock()
        self._changed = False

    def begin(self) -> None:
        """Nothing that ended before now counts."""
        self.since, self._changed = self._clock(), False

    def judge(self, seen: Seen, rate: float | None, slowed: float | None) -> Change | None:
        """What to do about it; None for nothing. A run without a rate is not slowed down, only stopped."""
        if why := next(self._reasons(seen, stop=True), None):
            return Change(slowed, f"paused by itself: {why}", halt=True)
        if rate is None or (self._changed and self._clock() - self.since < self._drip.settle_s):
            return None
        if why := next(self._reasons(seen, stop=False), None):
            slower = max(min(rate, FLOOR), (slowed or rate) / 2)
            return (
                self._change(slower, f"slowed by itself to {slower:g}/s: {why}") if slower < (slowed or rate) else None
            )
        if slowed is not None and self._is_calm(seen):
            faster = slowed * 2
            back = None if faster >= rate else faster
            return self._change(back, f"back to {rate if back is None else back:g}/s by itself")
        return None

    def _change(self, slowed: float | None, why: str) -> Change:
        self.since, self._changed = self._clock(), True
        return Change(slowed, why)

    def _reasons(self, seen: Seen, *, stop: bool) -> Iterator[str]:
        drip, firsts = self._drip, seen.firsts
        ratio = drip.stop_ratio if stop else drip.slow_ratio
        if ratio is not None and firsts.tried >= drip.minimum and firsts.failed >= ratio * firsts.tried:
            yield f"{firsts.failed / firsts.tried:.0%} of {firsts.tried:,} first attempts failed"
        age_s, depth = (drip.stop_age_s, drip.stop_depth) if stop else (drip.slow_age_s, drip.slow_depth)
        for filled in seen.filled:
            if age_s is not None and filled.oldest_s >= max(age_s, filled.first_oldest_s + 1):
                yield f"the oldest job of queue {filled.queue} waits for {filled.oldest_s:,.0f} s"
            if depth is not None and filled.waiting - filled.first_waiting >= depth:
                yield f"queue {filled.queue} grew by {filled.waiting - filled.first_waiting:,} jobs"
        if seen.probe and seen.probe.failures >= (seen.probe.most if stop else 1):
            times = f" {seen.probe.failures} times in a row" if seen.probe.failures > 1 else ""
            yield f"probe {seen.probe.name} failed{times}: {seen.probe.why}"

    def _is_calm(self, seen: Seen) -> bool:
        """Clearly below the thresholds; a window that says nothing is calm where nothing was tried."""
        drip, firsts = self._drip, seen.firsts
        if drip.slow_ratio is not None and 0 < firsts.tried < drip.minimum:
            return False
        if drip.slow_ratio is not None and firsts.failed > CALM * drip.slow_ratio * firsts.tried:
            return False
        return all(drip.slow_age_s is None or filled.oldest_s < drip.slow_age_s for filled in seen.filled)
