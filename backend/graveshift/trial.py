"""The port for following what a run moved: jobs that go ahead of all others, and what became of first attempts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from graveshift.driver import Fates, Unit
from graveshift.wire.runs import Became, Fate

# Until a worker takes it, a job that goes ahead has this much on top of its own priority, which is -100 to 100; one
# that was requeued goes behind live traffic and has this much less.
AHEAD = 1000
AHEAD_FROM = 500


class Trial(Struct, frozen=True):
    """One job that a run moved, by its native id, and where it is; `queue` is None for what is gone."""

    job: str
    fate: Fate
    queue: str | None = None


class Firsts(Struct, frozen=True):
    """Of the first attempts that were looked at: how many there were, and how many of them failed."""

    tried: int
    failed: int


class Trials(Protocol):
    """Of one system, whose jobs carry the run that requeued them. Ids are native."""

    async def lift(self, unit: Unit, jobs: Sequence[str], run_id: int, *, ahead: bool) -> None:
        """Those of these that the run requeued and no worker has taken go ahead of everything and past a pause.

        With `ahead` False they are behind live traffic, as what is requeued is. Either may be repeated; each has its
        own priority once it is claimed. A queue's limits and holds are for them too.
        """

    async def trials(self, jobs: Sequence[str], run_id: int) -> Sequence[Trial]:
        """Where each of these is, in their order; a few at a time."""

    async def firsts(self, run_id: int, most: int, since: datetime) -> Firsts:
        """The newest first attempts after the requeue that ended since then, `most` at most; as cheap however many."""

    async def enqueued(self) -> int:
        """Jobs that producers have enqueued, ever: what was requeued is not among them. As cheap however many."""

    async def became(self, runs: Sequence[int]) -> Mapping[int, Became]:
        """What became of all that each of these runs requeued, of those that did; as cheap however many they are."""


def became(counts: Mapping[str, int]) -> Became:
    """Of how much was `requeued`, and how it ended."""
    ended = {what: counts.get(what, 0) for what in ("done", "died", "cancelled", "recalled")}
    return Became(**ended, waiting=max(0, counts.get("requeued", 0) - sum(ended.values())))


def fates(told: Became, running: int, retrying: int) -> Fates:
    """The same with what waits told apart: the readings may be a moment apart, and none makes less than nothing."""
    running = min(told.waiting, running)
    retrying = min(told.waiting - running, retrying)
    return Fates(told.waiting - running - retrying, running, told.done, told.died, retrying=retrying)


def own(priority: int) -> int:
    """The priority that a job has of its own."""
    return priority - AHEAD if priority > AHEAD_FROM else priority + AHEAD if priority < -AHEAD_FROM else priority
