"""Better or worse than before, and since when: told by the minutes of a trend, each judged once by those before it."""

from datetime import datetime, timedelta
from statistics import median
from typing import Final

from msgspec import Struct

STEEP: Final = 1.5
LARGE: Final = 3.0
LASTING: Final = 3
"""Minutes that a step lasts at least, as far as they have come: bursts of retries are none."""
QUIET: Final = 1.0
LOOK_BACK: Final = 10
"""Minutes that tell what is usual; a change that took longer to go on is another one."""
RELIEF: Final = timedelta(minutes=30)
"""For so long fewer failures than before are news."""


class Slope(Struct, frozen=True):
    """The word and its tone; `was` is the pace a minute until `since`, where the word says that it changed."""

    word: str
    tone: str
    was: float = 0.0
    since: datetime | None = None


class _Stretch(Struct):
    """Minutes of one pace from `start` on, which was a step up (1) or down (-1) from the pace before."""

    start: int
    step: int
    minutes: list[int]

    @property
    def level(self) -> float:
        """As a rule, whatever a single minute was."""
        return median(self.minutes[-LOOK_BACK:] or [0])


def slope(now: float, trend: list[int], minute: datetime) -> Slope:
    """`now` is the present pace a minute; `trend` ends with `minute`, which is not over.

    What is said of a minute that is over never changes: the same worsening keeps its beginning however long it lasts.
    """
    stretches = _stretches(now, trend[:-1])
    at = len(stretches) - 1
    while at > 1 and stretches[at - 1].step == stretches[at].step and len(stretches[at - 1].minutes) < LOOK_BACK:
        at -= 1
    if at > 0:
        first, was = stretches[at], stretches[at - 1].level
        since = minute.replace(second=0, microsecond=0) - timedelta(minutes=len(trend) - 1 - first.start)
        if first.step > 0 and _step(now, was) > 0:
            return Slope("WORSE", "crit", was, since)
        if first.step < 0 and _step(now, was) < 0 and minute - since <= RELIEF:
            return Slope("BETTER", "ok", was, since)
    return Slope("STEADY", "warn") if now >= QUIET else Slope("QUIET", "ok")


def _stretches(now: float, minutes: list[int]) -> list[_Stretch]:
    """A step is one that the minutes after it take too; until they have come it must be a large one."""
    found = [_Stretch(0, 0, [])]
    for at, n in enumerate(minutes):
        following = minutes[at : at + LASTING]
        early = len(following) < LASTING
        level, steep = found[-1].level, LARGE if early else STEEP
        steps = {_step(one, level, steep) for one in ([*following, now] if early else following)}
        if found[-1].minutes and steps in ({1}, {-1}):
            found.append(_Stretch(at, steps.pop(), []))
        found[-1].minutes.append(n)
    if found[-1].minutes and (step := _step(now, found[-1].level, LARGE)):
        found.append(_Stretch(len(minutes), step, []))
    return found


def _step(now: float, was: float, steep: float = STEEP) -> int:
    return (now > was * steep + QUIET) - (was > now * steep + QUIET)
