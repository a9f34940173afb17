"""One run being carried out: chunks and steps, each accounted for in the ledger, each fenced by the lease."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from graveshift.driver import Unit, Verdict
from graveshift.errors import DatabaseUnavailable, Fenced, GraveshiftError
from graveshift.operation import Care, Chunks, Step, World
from graveshift.runner.canary import CanaryFlow, rest
from graveshift.runner.guard import Change
from graveshift.runner.pace import Pace
from graveshift.runner.relay import Ahead, Baton, InTurn, Relay
from graveshift.runner.watching import Watch
from graveshift.store.carrying import CarryBook, Held, Orders
from graveshift.wire.runs import Outcome, RunState

LOOK_S = 0.5


class Stopped(Exception):
    """the run was asked to stop here"""

    def __init__(self, state: RunState) -> None:
        super().__init__(state)
        self.state = state


class Carrying:
    """What an operation is given to carry itself out; see `graveshift.operation.Carrier`.

    Raises Stopped where an operator wants a pause or a cancel or the run stops itself, and Fenced where another backend
    has the lease. `braked` is told of each change of speed that is the run's own.
    """

    def __init__(
        self, world: World, book: CarryBook, held: Held, chunk: int, braked: Callable[[Unit, Change], Awaitable[None]]
    ) -> None:
        self.run_id = held.id
        self.frozen: Mapping[str, Any] = held.draft.get("frozen", {})
        self.actor = held.actor
        self.reason = held.reason
        self._planned = held.draft.get("walked") or held.draft.get("count") or 0
        self._world = world
        self._runs = world.runs
        self._book = book
        self._chunk = chunk
        self._braked = braked
        self._pace = Pace(chunk, time.monotonic, start=world.drip.start_per_s, double_s=world.drip.double_s)
        self._mark = held.mark
        self._watch: Watch | None = None
        self._orders = Orders(held.wanted, held.rate, held.handled, held.slowed, held.halt)
        self._canary = CanaryFlow(world.runs, book, held, world.trials, act=self._beside, heed=self._heed)

    async def chunks(self, work: Chunks, care: Care | None = None) -> None:
        """From the last committed mark on; intents that a former carrier left open come first, and then its canary.

        At the end, what the plan counted and nobody found is gone: an operator or a worker was quicker.
        """
        while intents := await self._runs.items.intents(self.run_id, self._chunk):
            await self._settle(work, intents)
        self._heed(self._orders)
        if care:
            await self._canary.run(work, care)
        async with AsyncExitStack() as stack:
            if care:
                world = self._world
                self._watch = Watch(world.runs, world.sources, world.trials, self.run_id, care.drip)
                await stack.enter_async_context(self._watch.looking(world.probes))
            self._pace.begin()
            relay = await stack.enter_async_context(Relay())
            await self._all(rest(work, self._canary.letters), relay)
        await self._close()

    async def _all(self, work: Chunks, relay: Relay) -> None:
        """To the end. Where chunks do not overlap, each has ended before the next is thought of."""
        after, ahead = self._mark, Ahead(work.pick)
        try:
            while ids := await self._next(ahead, after):
                after = ids[-1]
                if self._overlaps:
                    ahead.look(after, self._pace.size(None))
                await self._leg(work, relay, ids)
        finally:
            await ahead.end()
        await relay.end()

    async def _next(self, ahead: Ahead, after: str | None) -> Sequence[str]:
        self._heed(await self._due())
        return await ahead.take(after, self._pace.size(self._rate))

    async def _leg(self, work: Chunks, relay: Relay, ids: Sequence[str]) -> None:
        if work.transacts(ids):
            await relay.run(partial(self._at_once, work, ids, ids[-1]))
        if not self._overlaps or not work.transacts(ids):
            await relay.end()
        if not work.transacts(ids):
            await self._in_two(work, ids, ids[-1])

    async def _act(self, work: Chunks, ids: Sequence[str], mark: str | None) -> None:
        await (
            self._at_once(work, ids, mark, Baton(None, None)) if work.transacts(ids) else self._in_two(work, ids, mark)
        )

    async def _beside(self, work: Chunks, ids: Sequence[str]) -> None:
        """Act on these out of their turn: the mark stays where it is."""
        await self._act(work, ids, None)

    @property
    def _overlaps(self) -> bool:
        """Several chunks are under way: no rate has them wait, and no traffic is to be made room for."""
        return self._rate is None and not (self._watch and self._watch.traffic.is_busy)

    @property
    def _rate(self) -> float | None:
        """What holds now: the ordered rate, not yet reached or slowed down."""
        rate = self._pace.rate(self._orders.rate)
        return rate if self._orders.slowed is None or rate is None else min(rate, self._orders.slowed)

    async def steps(self, steps: Sequence[Step]) -> None:
        """In order; a step whose outcome is on the record is not repeated."""
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            await self._book.set_total(unit, self.run_id, len(steps))
            await unit.commit()
        outcomes = await self._runs.items.outcomes(self.run_id)
        for step in steps:
            if outcomes.get(step.name) is None:
                await self._step(step, begun=step.name in outcomes)

    async def note(self, step: str, detail: str) -> None:
        """Shown on the step's item while it is under way."""
        await self._book.note(self.run_id, step, detail)

    async def _due(self) -> Orders:
        """Wait for the next chunk's turn, outside of any transaction, with an eye on the orders."""
        await self._brake()
        while (left := self._pace.wait_s(self._rate)) > 0:
            await asyncio.sleep(min(left, LOOK_S))
            await self._brake()
            if left > LOOK_S:
                self._orders = await self._book.peek(self.run_id)
                self._heed(self._orders)
        self._pace.turn()
        return self._orders

    async def _brake(self) -> None:
        """Slow down, speed up or stop, where what was seen asks for it."""
        change = self._watch.change(self._orders.rate, self._orders.slowed) if self._watch else None
        if change is None:
            return
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            orders = await self._book.brake(unit, self.run_id, change.slowed, change.why if change.halt else None)
            if not change.halt:
                await self._braked(unit, change)
            await unit.commit()
        self._heed(orders)

    async def _close(self) -> None:
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            self._orders = await self._book.missed(unit, self.run_id, self._planned)
            await unit.commit()

    async def _at_once(self, work: Chunks, ids: Sequence[str], mark: str | None, baton: Baton) -> None:
        """Effect, items, counts and mark in one transaction: an outcome is never in doubt.

        The lease is checked with the counts at the latest, so that nothing of a carrier who lost it is committed.
        """
        async with self._runs.unit() as unit:
            if baton.first:
                self._heed(await self._book.hold(unit, self.run_id))
            verdicts = complete(ids, await work.act(InTurn(unit, baton), ids))
            await baton.acted()
            await self._runs.items.enter(unit, self.run_id, verdicts)
            pace = self._rate if mark else None
            orders = await self._book.account(unit, self.run_id, verdicts, mark, pace)
            await unit.commit()
        self._mark = mark or self._mark
        self._spent(verdicts)
        self._heed(orders)

    def _spent(self, verdicts: Sequence[Verdict]) -> None:
        self._pace.spent(len(verdicts))
        if self._watch:
            self._watch.moved(verdicts)

    async def _in_two(self, work: Chunks, ids: Sequence[str], mark: str | None) -> None:
        """Say what is going to be done, commit, do it: a crash between leaves intents that are acted on again."""
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            await self._runs.items.intend(unit, self.run_id, ids)
            await self._book.account(unit, self.run_id, [], mark, self._rate if mark else None)
            await unit.commit()
        self._mark = mark or self._mark
        await self._settle(work, ids)

    async def _settle(self, work: Chunks, ids: Sequence[str]) -> None:
        """Act on committed intents; the run is not locked meanwhile, for another system may be slow."""
        async with self._runs.unit() as unit:
            verdicts = complete(ids, await work.act(unit, ids))
            await self._book.hold(unit, self.run_id)
            await self._runs.items.settle(unit, self.run_id, verdicts)
            self._orders = await self._book.account(unit, self.run_id, verdicts, None)
            await unit.commit()
        self._spent(verdicts)

    async def _step(self, step: Step, begun: bool) -> None:
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            if not begun:
                await self._runs.items.intend(unit, self.run_id, [step.name])
            await unit.commit()
        try:
            detail = await self._watched(step)
        except (DatabaseUnavailable, Fenced):
            raise
        except Stopped:
            await self._step_ended(Verdict(step.name, Outcome.FAILED, "cancelled"))
            raise
        except Exception as failure:
            await self._step_ended(Verdict(step.name, Outcome.FAILED, told(failure)))
            raise
        await self._step_ended(Verdict(step.name, Outcome.MOVED, detail))

    async def _watched(self, step: Step) -> str | None:
        """The step's detail. One that is interruptible is given up as soon as a cancel is wanted."""
        if not step.interruptible:
            return await step.act()
        acting = asyncio.ensure_future(step.act())
        try:
            while not (await asyncio.wait([acting], timeout=LOOK_S))[0]:
                if (await self._book.peek(self.run_id)).wanted == "cancel":
                    raise Stopped(RunState.CANCELLED)
            return acting.result()
        finally:
            acting.cancel()
            await asyncio.wait([acting])

    async def _step_ended(self, verdict: Verdict) -> None:
        async with self._runs.unit() as unit:
            await self._book.hold(unit, self.run_id)
            await self._runs.items.settle(unit, self.run_id, [verdict])
            await self._book.account(unit, self.run_id, [verdict], None)
            await unit.commit()

    def _heed(self, orders: Orders) -> None:
        self._orders = orders
        if state := wanted_state(orders):
            raise Stopped(state)


def wanted_state(orders: Orders) -> RunState | None:
    """The state that a run ends up in by what is wanted of it, by somebody or by itself; None to go on."""
    match orders.wanted:
        case "cancel":
            return RunState.CANCELLED
        case "pause":
            return RunState.PAUSED
    return RunState.PAUSED if orders.halt else None


def complete(ids: Sequence[str], verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """One verdict for each id, in the order of the ids, whatever the driver left out or made up."""
    told = {verdict.id: verdict for verdict in verdicts}
    return [told.get(id) or Verdict(id, Outcome.FAILED, "the system did not say what became of it") for id in ids]


def told(failure: Exception) -> str:
    """What people are told of it: our own errors speak for themselves, others only by their name."""
    return str(failure) if isinstance(failure, GraveshiftError) else f"unexpected: {type(failure).__name__}"
