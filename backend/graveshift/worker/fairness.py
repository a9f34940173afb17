"""When a worker takes suspects: jobs that run alone must not keep all the others waiting, one after the other."""

from time import monotonic


class Fairness:
    """After a suspect, none is taken for as long as that one kept the others out: they get half of the time or more."""

    def __init__(self) -> None:
        self._since = self._until = 0.0

    @property
    def takes_suspects(self) -> bool:
        """A claim that is sent now may bring one."""
        return monotonic() >= self._until

    def came(self) -> None:
        """One is in hand, and nothing else is taken from now on."""
        self._since = monotonic()

    def went(self) -> None:
        """It has run, and others are taken again."""
        now = monotonic()
        self._until = now + (now - self._since)

    def relent(self) -> None:
        """There are no others."""
        self._until = 0.0
