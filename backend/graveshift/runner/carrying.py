"""One run being carried out: chunks and steps, each accounted for in the ledger, each fenced by the lease."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from graveshift.driver import Verdict
from graveshift.errors import DatabaseUnavailable, Fenced, GraveshiftError
from graveshift.operation import Chunks, Step
from graveshift.runner.pace import Pace
from graveshift.store.carrying import CarryBook, Held, Orders
from graveshift.store.runs import RunBook
from graveshift.wire.runs import Outcome, RunState

LOOK_S = 0.5


class Stopped(Exception):
    """the run was asked to stop here"""

    def __init__(self, state: RunState) -> None:
        super().__init__(state)
        self.state = state


class Carrying:
    """What an operation is given to carry itself out; see `graveshift.operation.Carrier`.

    Raises Stopped where an operator wants a pause or a cancel, and Fenced where another backend has the lease.
    """

    def __init__(self, runs: RunBook, book: CarryBook, held: Held, chunk: int) -> None:
        self.run_id = held.id
        self.frozen: Mapping[str, Any] = held.draft.get("frozen", {})
        self.actor = held.actor
        self.reason = held.reason
        self._planned = held.draft.get("walked") or held.draft.get("count") or 0
        self._runs = runs
        self._book = book
        self._chunk = chunk
        self._pace = Pace(chunk, time.monotonic)
        self._mark = held.mark
        self._orders = Orders(held.wanted, held.rate, held.handled)

    async def chunks(self, work: Chunks) -> None:
        """From the last committed mark on; intents that a former carrier left open come first.

        At the end, what the plan counted and nobody found is gone: an operator or a worker was quicker.
        """
        while intents := await self._runs.items.intents(self.run_id, self._chunk):
            await self._settle(work, intents)
        while True:
            self._heed(await self._due())
            ids = await work.pick(self._mark, self._pace.size(self._orders.rate, self._orders.handled))
            if not ids:
                return await self._close()
            await (self._at_once(work, ids) if work.transacts(ids) else self._in_two(work, ids))

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
        while (left := self._pace.wait_s(self._orders.rate)) > 0:
            await asyncio.sleep(min(left, LOOK_S))
            if left > LOOK_S:
                self._orders = await self._book.peek(self.run_id)
                self._heed(self._orders)
        return self._orders

    async def _close(self) -> None:
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            self._orders = await self._book.missed(unit, self.run_id, self._planned)
            await unit.commit()

    async def _at_once(self, work: Chunks, ids: Sequence[str]) -> None:
        """Effect, items, counts and mark in one transaction: an outcome is never in doubt."""
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            verdicts = complete(ids, await work.act(unit, ids))
            await self._runs.items.enter(unit, self.run_id, verdicts)
            self._orders = await self._book.account(unit, self.run_id, verdicts, ids[-1])
            await unit.commit()
        self._mark = ids[-1]
        self._pace.spent(len(ids))

    async def _in_two(self, work: Chunks, ids: Sequence[str]) -> None:
        """Say what is going to be done, commit, do it: a crash between leaves intents that are acted on again."""
        async with self._runs.unit() as unit:
            self._heed(await self._book.hold(unit, self.run_id))
            await self._runs.items.intend(unit, self.run_id, ids)
            await self._book.account(unit, self.run_id, [], ids[-1])
            await unit.commit()
        self._mark = ids[-1]
        await self._settle(work, ids)

    async def _settle(self, work: Chunks, ids: Sequence[str]) -> None:
        """Act on committed intents; the run is not locked meanwhile, for another system may be slow."""
        async with self._runs.unit() as unit:
            verdicts = complete(ids, await work.act(unit, ids))
            await self._book.hold(unit, self.run_id)
            await self._runs.items.settle(unit, self.run_id, verdicts)
            self._orders = await self._book.account(unit, self.run_id, verdicts, None)
            await unit.commit()
        self._pace.spent(len(ids))

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
        if state := wanted_state(orders.wanted):
            raise Stopped(state)


def wanted_state(wanted: str | None) -> RunState | None:
    """The state that a run ends up in by what is wanted of it; None to go on."""
    match wanted:
        case "cancel":
            return RunState.CANCELLED
        case "pause":
            return RunState.PAUSED
    return None


def complete(ids: Sequence[str], verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """One verdict for each id, in the order of the ids, whatever the driver left out or made up."""
    told = {verdict.id: verdict for verdict in verdicts}
    return [told.get(id) or Verdict(id, Outcome.FAILED, "the system did not say what became of it") for id in ids]


def told(failure: Exception) -> str:
    """What people are told of it: our own errors speak for themselves, others only by their name."""
    return str(failure) if isinstance(failure, GraveshiftError) else f"unexpected: {type(failure).__name__}"
