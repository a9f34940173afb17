"""One thing of the ledger's own as the whole of what a verb acts on."""

from collections.abc import Awaitable, Callable, Sequence

from graveshift.driver import Unit, Verdict


class Whole:
    """One chunk of one item; see `graveshift.operation.Chunks`. `act` works inside the unit, so twice is once."""

    def __init__(self, id: str, act: Callable[[Unit], Awaitable[Verdict]]) -> None:
        self._id = id
        self._act = act

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """It, once."""
        return [self._id] if after is None else []

    def transacts(self, ids: Sequence[str]) -> bool:
        """The ledger is where the run itself is."""
        return True

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """Once."""
        return [await self._act(unit)]
