"""The Desk: the one door that every operator's change passes, planned, confirmed and on the record."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import structs

from graveshift.desk.backing import unbacked
from graveshift.desk.steering import Wheel
from graveshift.driver import Can
from graveshift.errors import (
    Invalid,
    KeyMissing,
    KeyReused,
    NotAllowed,
    NotFound,
    PhraseMismatch,
    PlanExpired,
    PlanStale,
    PlanUsed,
)
from graveshift.interpreter import meant, query_of
from graveshift.operation import Actor, Draft, Operation, Refreshable, World, decoded
from graveshift.store.audit import AuditBook, Deed
from graveshift.store.plans import KeptPlan, PlanBook
from graveshift.store.runs import NewRun, RunBook, number
from graveshift.wire.operations import OperationInfo
from graveshift.wire.plans import Confirm, Plan, RunPlan
from graveshift.wire.runs import Run

KEY_LENGTH = 255
REFUSALS = (NotAllowed, PhraseMismatch, PlanExpired, PlanStale, PlanUsed)


class Desk:
    """Plans by reading only, and begins runs; the runner carries them out. `ring` wakes a runner in this process."""

    def __init__(
        self,
        world: World,
        operations: Mapping[str, type[Operation]],
        plans: PlanBook,
        runs: RunBook,
        audit: AuditBook,
        *,
        expires_s: float,
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        self._world = world
        self._operations = operations
        self._plans = plans
        self._runs = runs
        self._audit = audit
        self._expires_s = expires_s
        self._ring = ring
        self._wheel = Wheel(runs, audit, ring)

    def operations(self, actor: Actor) -> list[OperationInfo]:
        """Every verb, and whether this actor may do it here."""
        return [self._info(kind, actor) for kind in self._operations.values()]

    async def plan(self, operation: str, args: Mapping[str, Any], actor: Actor) -> Plan:
        """What the verb would do; kept until it expires. Raises Invalid, NotAllowed and what the verb raises."""
        kind = self._kind(operation)
        async with self._refusals(actor, Deed(operation=operation, outcome="refused")):
            _may(actor, kind)
        chosen = await self._meant(args)
        draft = await decoded(kind, meant(args, chosen)).plan(structs.replace(self._world, actor=actor.name))
        warnings = [*draft.warnings, *await unbacked(self._world, kind.danger, draft)]
        draft = structs.replace(draft, meant=chosen, warnings=warnings)
        kept = await self._plans.keep(
            operation=operation,
            args=msgspec.to_builtins(args),
            draft=msgspec.to_builtins(draft),
            actor=actor.name,
            cutoff=draft.cutoff,
            expires_s=self._expires_s,
        )
        return _plan(kept, draft)

    async def again(self, plan_id: str) -> Plan:
        """The plan as it was kept, with `arrived_since` as of now."""
        kept = await self._kept(plan_id)
        draft = _draft(kept)
        verb = decoded(self._kind(kept.operation), meant(kept.args, draft.meant))
        if isinstance(verb, Refreshable):
            fresh = await verb.refresh(self._world, draft.frozen)
            draft = structs.replace(draft, arrived_since=fresh.arrived_since, arrived_is_exact=fresh.arrived_is_exact)
        return _plan(kept, draft)

    async def run(self, plan_id: str, actor: Actor, key: str, body: RunPlan) -> Run:
        """Begin the run of a plan, once; the same key and body give the same run again, whatever has become of it.

        Raises KeyMissing, KeyReused, NotFound, NotAllowed, PlanUsed, PlanExpired, PhraseMismatch, PlanStale and
        AuditUnavailable, and then nothing was begun and the plan is as it was.
        """
        _check_request(key, body)
        asked = {"plan": plan_id, "phrase": body.phrase, "reason": body.reason}
        if stored := await self._stored(actor, key, asked):
            return stored
        kept = await self._kept(plan_id)
        async with self._refusals(actor, Deed(operation=kept.operation, outcome="refused", plan_id=kept.id)):
            kind = self._kind(kept.operation)
            _may(actor, kind)
            draft = _draft(kept)
            if kept.used_by is None:
                _check_plan(kept, draft, body)
                await self._check_world(decoded(kind, meant(kept.args, draft.meant)), draft)
            begun = await self._begin(_new_run(kept, draft, actor, key, asked))
            begun = begun or await self._stored(actor, key, asked)
            if begun is None:
                raise PlanUsed(f"by run {kept.used_by}" if kept.used_by else "")
        self._ring()
        return begun

    async def steer(self, run_id: str, act: str, actor: Actor) -> Run:
        """`cancel`, `pause` or `resume` a run, at once; it takes hold at the carrier's next chunk."""
        return await self._wheel.steer(run_id, act, actor)

    async def rate(self, run_id: str, per_s: float | None, actor: Actor) -> Run:
        """Change how many items a second a live run may act on; None is unlimited."""
        return await self._wheel.rate(run_id, per_s, actor)

    async def _begin(self, new: NewRun) -> Run | None:
        """Claim the plan, insert the run and say so on the record, or nothing; None where another was quicker."""
        async with self._runs.unit() as unit:
            held = await self._plans.hold(unit, new.plan_id)
            if held is None or held.used_by is not None:
                return None
            if held.expired:
                raise PlanExpired
            run = await self._runs.begin(unit, new)
            if run is None:
                return None
            await self._plans.use(unit, new.plan_id, int(run.id))
            deed = Deed(
                operation=new.operation,
                outcome="started",
                plan_id=new.plan_id,
                run_id=int(run.id),
                reason=new.reason,
                total=new.total,
            )
            await self._audit.write(unit, new.actor, new.source, deed)
            await unit.commit()
        return run

    async def _stored(self, actor: Actor, key: str, asked: Mapping[str, Any]) -> Run | None:
        found = await self._runs.by_key(actor.name, key)
        if found is None:
            return None
        run, body = found
        if body != asked:
            raise KeyReused(f"for run {run.id}")
        return run

    async def _kept(self, plan_id: str) -> KeptPlan:
        id = number(plan_id)
        kept = None if id is None else await self._plans.one(id)
        if kept is None:
            raise NotFound(f"plan {plan_id}")
        return kept

    async def _check_world(self, verb: Operation, draft: Draft) -> None:
        """Plan once more. Fewer things than before, or more that came later, make no plan stale."""
        if isinstance(verb, Refreshable):
            fresh = await verb.refresh(self._world, draft.frozen)
        else:
            fresh = await verb.plan(self._world)
        grades = list(Confirm)
        if grades.index(fresh.confirm) > grades.index(draft.confirm):
            raise PlanStale("it has become more dangerous")
        was, now = set(draft.subjects), set(fresh.subjects)
        if was != now:
            said = (("then", sorted(was - now)), ("now", sorted(now - was)))
            raise PlanStale("; ".join(f"{when}: {', '.join(subjects)}" for when, subjects in said if subjects))

    async def _meant(self, args: Mapping[str, Any]) -> dict[str, Any] | None:
        """The filter that the text of the selection means now; None where there is no such text."""
        text = query_of(args)
        if text is None:
            return None
        plain: dict[str, Any] = msgspec.to_builtins(await self._world.interpreter.filter(text))
        return plain

    def _kind(self, operation: str) -> type[Operation]:
        if operation not in self._operations:
            raise Invalid(f"there is no operation `{operation}`")
        return self._operations[operation]

    def _info(self, kind: type[Operation], actor: Actor) -> OperationInfo:
        needs: Can | None = getattr(kind, "needs", None)
        able = needs is None or any(needs in source.can for source in self._world.sources.values())
        allowed = able and actor.role.covers(kind.role)
        return OperationInfo(kind.name, kind.title, kind.danger, allowed, msgspec.json.schema(kind))

    @asynccontextmanager
    async def _refusals(self, actor: Actor, deed: Deed) -> AsyncIterator[None]:
        """Put what was refused on the record, with the reason why."""
        try:
            yield
        except REFUSALS as refusal:
            await self._audit.record(actor.name, actor.source, structs.replace(deed, reason=str(refusal)))
            raise


def _may(actor: Actor, kind: type[Operation]) -> None:
    if not actor.role.covers(kind.role):
        raise NotAllowed(f"{kind.name} needs the role {kind.role}")


def _check_request(key: str, body: RunPlan) -> None:
    if not key:
        raise KeyMissing
    if len(key) > KEY_LENGTH or "\0" in key or "\0" in (body.reason or ""):
        raise Invalid(f"a key has at most {KEY_LENGTH} characters, and neither key nor reason U+0000")


def _check_plan(kept: KeptPlan, draft: Draft, body: RunPlan) -> None:
    if kept.expired:
        raise PlanExpired
    if draft.confirm is Confirm.PHRASE and body.phrase != draft.phrase:
        raise PhraseMismatch


def _new_run(kept: KeptPlan, draft: Draft, actor: Actor, key: str, asked: Mapping[str, Any]) -> NewRun:
    return NewRun(
        plan_id=kept.id,
        operation=kept.operation,
        total=_items(draft),
        rate=draft.rate,
        wait_s=draft.wait_s,
        delay_s=draft.delay_s,
        due_at=draft.due_at,
        actor=actor.name,
        source=actor.source,
        reason=asked["reason"] or kept.args.get("reason"),
        key=key,
        body=asked,
    )


def _items(draft: Draft) -> int | None:
    """How many there will be; None where that is not known."""
    if draft.walked is not None:
        return draft.walked
    return draft.count if draft.count_is_exact else None


def _draft(kept: KeptPlan) -> Draft:
    return msgspec.convert(kept.draft, type=Draft)


def _plan(kept: KeptPlan, draft: Draft) -> Plan:
    return Plan(
        id=str(kept.id),
        operation=kept.operation,
        args=dict(kept.args),
        count=draft.count,
        count_is_exact=draft.count_is_exact,
        arrived_since=draft.arrived_since,
        arrived_is_exact=draft.arrived_is_exact,
        cutoff=kept.cutoff,
        effects=list(draft.effects),
        confirm=draft.confirm,
        phrase=draft.phrase,
        because=draft.because,
        expires_at=kept.expires_at,
        parts=None if draft.parts is None else list(draft.parts),
        parts_of=draft.parts_of,
        warnings=list(draft.warnings),
        samples=list(draft.samples),
        forecast=draft.forecast,
    )
