"""A run's canary carried out: letters chosen, moved, followed to a verdict; each step in the ledger before the next."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from graveshift.operation import Care, Chunks
from graveshift.runner.trying import Birds, ends, halts, said, standing
from graveshift.store.carrying import CarryBook, Held, Orders
from graveshift.store.runs import RunBook
from graveshift.trial import Trials
from graveshift.wire.runs import Outcome
from graveshift.wire.trials import Canary, CanaryState

LOOK_S = 0.25

Act = Callable[[Chunks, Sequence[str]], Awaitable[None]]
Heed = Callable[[Orders], None]


class CanaryFlow:
    """Takes up where a former carrier stopped. `act` moves letters as a chunk is moved, `heed` raises what is wanted.

    `letters` are those that it tries, which the rest of the run leaves alone.
    """

    def __init__(
        self, runs: RunBook, book: CarryBook, held: Held, trials: Mapping[str, Trials], *, act: Act, heed: Heed
    ) -> None:
        self._runs = runs
        self._book = book
        self._id = held.id
        self._trials = trials
        self._act = act
        self._heed = heed
        self._canary = msgspec.convert(held.canary, Canary | None)
        self.letters: Sequence[str] = held.sample or ()

    async def run(self, work: Chunks, care: Care) -> None:
        """Through to a verdict and what follows it; returns where the run goes on. One that was answered stays so."""
        if care.canary is None or (self._canary and self._canary.state is not CanaryState.TRYING):
            return
        canary = self._canary or await self._choose(Canary(asked=care.canary, then=care.then), care)
        if not self.letters:
            return
        await self._move(work)
        await self._follow(canary, work, care)

    async def _choose(self, canary: Canary, care: Care) -> Canary:
        self.letters = await care.sample(canary.asked)
        if self.letters:
            async with self._runs.unit() as unit:
                self._heed(await self._book.hold(unit, self._id))
                await self._book.tried(unit, self._id, canary, sample=self.letters, halt=None, ends=False)
                await unit.commit()
        return canary

    async def _move(self, work: Chunks) -> None:
        """System by system, each letter that has no outcome yet."""
        known = await self._runs.items.outcomes(self._id)
        left = [id for id in self.letters if known.get(id) is None]
        for system in dict.fromkeys(id.partition(":")[0] for id in left):
            await self._act(work, [id for id in left if id.partition(":")[0] == system])

    async def _follow(self, canary: Canary, work: Chunks, care: Care) -> None:
        birds = Birds(self._trials, self._id, await self._runs.items.jobs(self._id, Outcome.MOVED))
        is_last = not await rest(work, self.letters).pick(None, 1)
        while canary.state is CanaryState.TRYING:
            seen = standing(canary, await birds.look(), care.drip, await self._runs.now())
            await self._write(canary, seen, birds, is_last)
            canary = seen
            if canary.state is CanaryState.TRYING:
                await asyncio.sleep(LOOK_S)

    async def _write(self, before: Canary, seen: Canary, birds: Birds, is_last: bool) -> None:
        """What was seen, and what follows, in one transaction; what waits is put ahead, or in its place at the end.

        A run that has nothing left but its canary has nothing to ask.
        """
        settled = seen.state is not CanaryState.TRYING
        halt = said(seen) if halts(seen) and not is_last else None
        async with self._runs.unit() as unit:
            orders = await self._book.hold(unit, self._id)
            if orders.wanted or settled:
                await birds.lower(unit)
            else:
                await birds.lift(unit)
            if seen != before:
                ending = halt is not None and ends(seen)
                orders = await self._book.tried(unit, self._id, seen, halt=halt, ends=ending)
            await unit.commit()
        self._heed(orders)


class Rest:
    """What a run acts on without the letters of its canary; see `graveshift.operation.Chunks`."""

    def __init__(self, work: Chunks, letters: Sequence[str]) -> None:
        self._work = work
        self._tried = frozenset(letters)
        self.transacts, self.act = work.transacts, work.act

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """The next that were not tried."""
        while ids := await self._work.pick(after, limit):
            if left := [id for id in ids if id not in self._tried]:
                return left
            after = ids[-1]
        return []


def rest(work: Chunks, letters: Sequence[str]) -> Chunks:
    """The work, but for the letters that a canary has tried."""
    return Rest(work, letters) if letters else work
