"""Steering of runs: stop, hold, go on, faster, slower; at once and on the record, and never in need of a plan."""

from collections.abc import Callable

from graveshift.driver import Unit
from graveshift.errors import Invalid, NotAllowed, NotFound
from graveshift.operation import Actor
from graveshift.store.audit import AuditBook, Deed
from graveshift.store.runs import RunBook, number
from graveshift.store.steering import write_steer
from graveshift.wire.operations import Role
from graveshift.wire.runs import FASTEST, SLOWEST, Run, RunState, Steer

ACTS = {"cancel": Steer.CANCELLED, "pause": Steer.PAUSED, "resume": Steer.RESUMED}


class Wheel:
    """Who carries a run reads what is wanted of it at each chunk, so this works on runs of every backend."""

    def __init__(self, runs: RunBook, audit: AuditBook, ring: Callable[[], None]) -> None:
        self._runs = runs
        self._audit = audit
        self._ring = ring

    async def steer(self, run_id: str, act: str, actor: Actor) -> Run:
        """Raises Invalid for an unknown act and for pausing or resuming what has ended; a second cancel is fine."""
        if act not in ACTS:
            raise Invalid(f"a run can be told to {', '.join(ACTS)}, not to {act}")
        await self._may(actor, f"run.{act}", run_id)
        async with self._runs.unit() as unit:
            run = await self._held(unit, run_id)
            if act == "cancel" and not run.state.is_live:
                return run
            await write_steer(unit, int(run.id), ACTS[act], actor.name)
            steered = await self._turned(unit, run, act)
            resumed = run.halt and act == "resume" and f"it had stopped by itself: {run.halt}"
            await self._write(unit, actor, run, f"run.{act}", resumed or None)
            if not steered.state.is_live:
                deed = _deed(run, run.operation, "cancelled", None)
                await self._audit.write(unit, actor.name, actor.source, deed)
            await unit.commit()
        self._ring()
        return steered

    async def rate(self, run_id: str, per_s: float | None, actor: Actor) -> Run:
        """Raises Invalid where the rate is out of range or the run has ended."""
        if per_s is not None and not SLOWEST <= per_s <= FASTEST:
            raise Invalid(f"a rate is {SLOWEST:g} to {FASTEST:,.0f} items per second, or null for unlimited")
        await self._may(actor, "run.rate", run_id)
        async with self._runs.unit() as unit:
            run = _live(await self._held(unit, run_id))
            await write_steer(unit, int(run.id), Steer.RATE, actor.name)
            steered = await self._runs.set_rate(unit, int(run.id), per_s)
            await self._write(unit, actor, run, "run.rate", "unlimited" if per_s is None else f"{per_s:g} per second")
            await unit.commit()
        return steered

    async def _turned(self, unit: Unit, run: Run, act: str) -> Run:
        """A run that nobody carries changes its state here and now; its carrier is asked to otherwise."""
        id = int(run.id)
        match act, _live(run).state:
            case "cancel", RunState.QUEUED | RunState.PAUSED:
                return await self._runs.turn(unit, id, RunState.CANCELLED)
            case "pause", RunState.QUEUED:
                return await self._runs.turn(unit, id, RunState.PAUSED)
            case "resume", RunState.PAUSED:
                return await self._runs.turn(unit, id, RunState.QUEUED)
            case (("cancel" | "pause"), RunState.RUNNING):
                return await self._runs.want(unit, id, act)
            case "resume", RunState.RUNNING:
                return await self._runs.want(unit, id, None)
        return run

    async def _held(self, unit: Unit, run_id: str) -> Run:
        id = number(run_id)
        run = None if id is None else await self._runs.hold(unit, id)
        if run is None:
            raise NotFound(f"run {run_id}")
        return run

    async def _may(self, actor: Actor, operation: str, run_id: str) -> None:
        if actor.role.covers(Role.OPERATOR):
            return
        refusal = NotAllowed(f"{operation} needs the role {Role.OPERATOR}")
        deed = Deed(operation=operation, outcome="refused", run_id=number(run_id), reason=str(refusal))
        await self._audit.record(actor.name, actor.source, deed)
        raise refusal

    async def _write(self, unit: Unit, actor: Actor, run: Run, operation: str, reason: str | None) -> None:
        await self._audit.write(unit, actor.name, actor.source, _deed(run, operation, "done", reason))


def _live(run: Run) -> Run:
    if not run.state.is_live:
        raise Invalid(f"run {run.id} has ended ({run.state})")
    return run


def _deed(run: Run, operation: str, outcome: str, reason: str | None) -> Deed:
    total = None if run.state.is_live and outcome == "done" else run.handled
    plan_id, run_id = int(run.plan_id), int(run.id)
    return Deed(operation=operation, outcome=outcome, plan_id=plan_id, run_id=run_id, reason=reason, total=total)
