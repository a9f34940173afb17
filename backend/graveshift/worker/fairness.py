"""When a worker takes suspects: jobs that run alone must not keep all the others waiting, one after the other."""

from time import monotonic

# The part of a suspect's time in which no other job has to come before the next suspect is taken.
QUIET = 0.25


class Fairness:
    """After a suspect, none is taken for as long as that one kept the others out: they get half of the time or more.

    Where no others came for a quarter of that time, nobody is waiting, and the next suspect is taken sooner.
    """

    def __init__(self) -> None:
        self._since = self._until = self._others = 0.0
        self._kept_out_s = 0.0

    @property
    def takes_suspects(self) -> bool:
        """A claim that is sent now may bring one."""
        now = monotonic()
        return now >= self._until or now - self._others >= QUIET * self._kept_out_s

    def came(self) -> None:
        """One is in hand, and nothing else is taken from now on."""
        self._since = monotonic()

    def went(self) -> None:
        """It has run, and others are taken again."""
        now = monotonic()
        self._kept_out_s = now - self._since
        self._until, self._others = now + self._kept_out_s, now

    def others_came(self) -> None:
        """Jobs that are no suspects were taken."""
        self._others = monotonic()
