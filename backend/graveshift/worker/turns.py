"""Whose turn it is: which queues a worker asks next, and for how many jobs."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from graveshift.settings import Share, WorkerSettings

Queues = Sequence[str] | Mapping[str, Share]


class Ask(Struct, frozen=True):
    """One claim: no more than `limit` jobs of these queues; none named means every queue."""

    queues: Sequence[str]
    limit: int


class Places(Protocol):
    """What a worker has in hand."""

    @property
    def room(self) -> int:
        """Places for new jobs."""

    def busy(self) -> Mapping[str, int]:
        """Places taken, by queue."""


class Turns(Protocol):
    """Kept between claims, because a share is one of many. Asks and answers alternate, unless they may `overlap`."""

    names: Sequence[str]
    overlap: bool

    @property
    def amid(self) -> bool:
        """Some have just said that they have no more, and others are still to be asked."""

    def next(self, places: Places) -> Ask | None:
        """Whom to ask; None where every queue has as much as it may have here."""

    def answered(self, ask: Ask, found: int) -> bool:
        """So many came; True where nobody has more for now, and it is time to rest."""


class Together:
    """Every queue at once, in the order of their jobs: priority, then time. What was asked can be asked again."""

    overlap = True

    def __init__(self, names: Sequence[str], batch: int) -> None:
        self.names: Sequence[str] = list(names)
        self._batch = batch

    @property
    def amid(self) -> bool:
        return False

    def next(self, places: Places) -> Ask | None:
        return Ask(self.names, min(places.room, self._batch))

    def answered(self, ask: Ask, found: int) -> bool:
        return found < ask.limit


class Apart:
    """One queue after the other, each within its own share.

    `strict`: one is asked only when those before it have just said that they have no more. Else by weight: each has
    run `served` jobs a weight, and who has the least is next, for its part of the room. A queue that cannot take its
    turn now, being empty or full here, saves nothing for later: then it would starve the others.
    """

    overlap = False

    def __init__(self, shares: Mapping[str, Share], batch: int, *, strict: bool) -> None:
        self.names: Sequence[str] = list(shares)
        self._shares = shares
        self._batch = batch
        self._strict = strict
        self._served = dict.fromkeys(shares, 0.0)
        self._dry: set[str] = set()

    @property
    def amid(self) -> bool:
        return bool(self._dry)

    def next(self, places: Places) -> Ask | None:
        room, busy = places.room, places.busy()
        able = {name: min(room, self._left(name, busy)) for name in self.names if name not in self._dry}
        able = {name: left for name, left in able.items() if left > 0}
        if not able:
            self._dry.clear()
            return None
        if self._strict:
            name = next(iter(able))
            return Ask([name], able[name])
        name = min(able, key=lambda one: self._served[one])
        for other in self.names:
            if other not in able:
                self._served[other] = max(self._served[other], self._served[name])
        part = room * self._shares[name].weight / sum(self._shares[one].weight for one in able)
        return Ask([name], min(able[name], max(1, math.ceil(part))))

    def answered(self, ask: Ask, found: int) -> bool:
        name = ask.queues[0]
        self._served[name] += found / self._shares[name].weight
        if found >= ask.limit:
            self._dry.clear()
            return False
        self._dry.add(name)
        if len(self._dry) < len(self.names):
            return False
        self._dry.clear()
        return True

    def _left(self, name: str, busy: Mapping[str, int]) -> int:
        share = self._shares[name]
        batch = self._batch if share.batch is None else share.batch
        return batch if share.concurrency is None else min(batch, share.concurrency - busy.get(name, 0))


def turns(queues: Queues, settings: WorkerSettings) -> Turns:
    """By the shares given or set; queues that are only named are asked together where no shares are set."""
    if isinstance(queues, Mapping):
        shares: Mapping[str, Share] = queues
    elif queues and settings.queues:
        shares = {name: settings.queues.get(name, Share()) for name in queues}
    else:
        shares = settings.queues
    if not shares:
        return Together(list(queues), settings.batch)
    return Apart(shares, settings.batch, strict=settings.order == "strict")
