"""The things of a small backend, kept in memory."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, structs

from graveshift.wire.dlq import Attempt, Letter, LetterDetail
from graveshift.wire.jobs import NAME
from graveshift.wire.moments import Moment
from graveshift.wire.operations import Danger, OperationInfo
from graveshift.wire.page import Page
from graveshift.wire.plans import Confirm, Effect, NewPlan, Plan, RunPlan
from graveshift.wire.runs import Run, RunState
from graveshift.wire.selection import Filter, Selection
from graveshift.wire.trials import Guard

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 3, 12, 41, tzinfo=UTC)


class Requeue(msgspec.Struct):
    """What dlq.requeue takes."""

    selection: Selection
    rate: float | str | None = None
    payload: str | None = None
    patch: dict[str, Any] | None = None
    override: bool = False
    queue: Annotated[str, Meta(pattern=NAME)] | None = None
    guard: Guard | None = None


class Pause(msgspec.Struct):
    """What queue.pause takes."""

    queue: str
    reason: str | None = None
    until: Moment | None = None


class Undo(msgspec.Struct):
    """What run.undo takes."""

    run: str


def letter(number: int, queue: str = "mail", message: str = "no route to host") -> LetterDetail:
    return LetterDetail(
        id=f"native:{number:06d}%2Fa",
        job_id=f"native:j{number}",
        system="native",
        queue=queue,
        kind="mail.send",
        fingerprint="f1",
        error_type="OSError",
        error_message=message,
        attempts=5,
        died_at=NOW - timedelta(seconds=number),
        payload=Raw(b'{"to": "a@example.org", "n": 1.50}'),
        traceback="Traceback\n  line",
        history=[Attempt(1, None, NOW, "w1", "OSError", message)],
    )


class Things:
    """What the small backend keeps: letters, plans and runs. Tests turn its knobs."""

    def __init__(self) -> None:
        self.letters = [letter(number) for number in range(3)]
        self.plans: dict[str, Plan] = {}
        self.runs: dict[str, Run] = {}
        self.keys: dict[str, str] = {}
        self.allowed = True
        self.confirm = Confirm.YES
        self.phrase: str | None = None
        self.failing_items = 0
        self.pace = 1000
        self.begins_empty = False

    def page(self, query: dict[str, str]) -> Page[Letter]:
        if unknown := set(query) - {*Filter.__struct_fields__, "limit", "cursor"}:
            raise Refused(422, "invalid", f"unknown parameter {unknown}")
        if self.begins_empty and "cursor" not in query:
            return Page([], NOW, "0", 0, False)
        found = [one for one in self.letters if query.get("queue") in (None, one.queue)]
        start, limit = int(query.get("cursor", "0")), int(query["limit"])
        short = [Letter(**{name: getattr(one, name) for name in Letter.__struct_fields__}) for one in found]
        more = str(start + limit) if start + limit < len(found) else None
        return Page(short[start : start + limit], NOW, more, len(found))

    def operations(self) -> list[OperationInfo]:
        kinds: dict[str, type] = {"dlq.requeue": Requeue, "queue.pause": Pause, "run.undo": Undo}
        return [
            OperationInfo(name, name, Danger.SAFE, self.allowed, msgspec.json.schema(kind))
            for name, kind in kinds.items()
        ]

    def plan(self, wish: NewPlan) -> Plan:
        if wish.operation == "dlq.requeue":
            checked(wish.args)
        effects = [Effect("queue mail", f"{len(self.letters)} letters go back")]
        plan = Plan(
            id=f"p{len(self.plans)}",
            operation=wish.operation,
            args=wish.args,
            count=len(self.letters),
            count_is_exact=True,
            arrived_since=None,
            cutoff=NOW,
            effects=effects,
            confirm=self.confirm,
            phrase=self.phrase,
            expires_at=NOW + timedelta(minutes=15),
        )
        self.plans[plan.id] = plan
        return plan

    def start(self, plan_id: str, key: str | None, wish: RunPlan) -> Run:
        plan = found(self.plans, plan_id)
        if key is None:
            raise Refused(400, "key-missing", "an Idempotency-Key header is needed")
        if key in self.keys:
            return self.runs[self.keys[key]]
        if wish.phrase != plan.phrase:
            raise Refused(422, "phrase-mismatch", "the phrase is not the one the plan asks for")
        if any(run.plan_id == plan_id for run in self.runs.values()):
            raise Refused(409, "plan-used", "this plan has already been run")
        run = Run(
            id=str(81 + len(self.runs)),
            plan_id=plan_id,
            operation=plan.operation,
            state=RunState.QUEUED,
            total=len(self.letters),
            actor="test",
            reason=wish.reason,
        )
        self.keys[key] = run.id
        self.runs[run.id] = run
        return run

    def step(self, id: str) -> Run:
        """Each look finds the run `pace` items further."""
        run = found(self.runs, id)
        if run.state.is_live:
            failed = self.failing_items
            moved = min(len(self.letters) - failed, run.moved + self.pace)
            ended = moved + failed >= len(self.letters)
            state = RunState.SUCCEEDED if ended else RunState.RUNNING
            run = self.runs[id] = structs.replace(run, state=state, moved=moved, failed=failed)
        return run

    def steer(self, id: str, act: str) -> Run:
        states = {"cancel": RunState.CANCELLED, "pause": RunState.PAUSED, "resume": RunState.RUNNING}
        run = found(self.runs, id)
        self.runs[id] = structs.replace(run, rate=7.0) if act == "rate" else structs.replace(run, state=states[act])
        return self.runs[id]


def checked(args: dict[str, Any]) -> None:
    """Refuses what dlq.requeue does not take, as decoding says it."""
    try:
        msgspec.convert(args, Requeue)
    except msgspec.ValidationError as error:
        raise Refused(422, "invalid", str(error)) from error


class Refused(Exception):
    """A problem to answer with."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def found(things: dict[str, T], id: str) -> T:
    if id not in things:
        raise Refused(404, "not-found", f"there is no such thing: {id}")
    return things[id]
