"""A selection walked chunk by chunk, each chunk handed to the system that its things are in."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic

from graveshift.driver import Source, Unit, Verdict
from graveshift.selection import Aim, Frost, P, natives
from graveshift.wire.runs import Outcome

Act = Callable[[Source, Unit, Sequence[str]], Awaitable[Sequence[Verdict]]]


class Walk(Generic[P]):
    """Oldest first; see `graveshift.operation.Chunks`. `act` is given native ids of one system."""

    def __init__(self, aim: Aim[P], frost: Frost, act: Act) -> None:
        self._aim = aim
        self._frost = frost
        self._act = act

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """The next of the selection."""
        return await self._aim.pick(self._frost, after, limit)

    def transacts(self, ids: Sequence[str]) -> bool:
        """As their system can."""
        return self._aim.transacts(ids)

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """One verdict an id; what is in no system of ours is gone."""
        source = self._aim.source(ids)
        if source is None:
            return [Verdict(id, Outcome.GONE, "there is no such thing") for id in ids]
        return await self._act(source, unit, natives(ids))
