"""What the API stands on: the rooms it reads from and the one door for change, as bootstrap fills them in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from graveshift.drip import DripSettings
from graveshift.driver import ShownJobs, ShownLetters, ShownSource, Trash
from graveshift.events import Hub
from graveshift.interpreter import Interpreter
from graveshift.lore import Lore
from graveshift.operation import Actor
from graveshift.redaction import Redaction
from graveshift.settings import ApiSettings
from graveshift.store.audit import Deed
from graveshift.store.claims import Known
from graveshift.store.reconciliations import Reconciliation
from graveshift.store.replica import Standing
from graveshift.tracing import TracingSettings
from graveshift.trial import Trial
from graveshift.vault import Vault
from graveshift.wire.audit import AuditEntry
from graveshift.wire.backups import Backup
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.health import Check
from graveshift.wire.marks import Mark, NewMark
from graveshift.wire.operations import OperationInfo
from graveshift.wire.overview import Environment
from graveshift.wire.page import Page
from graveshift.wire.plans import Plan, RunPlan
from graveshift.wire.runs import Became, Item, Run
from graveshift.wire.schedules import ScheduleInfo
from graveshift.wire.series import Series
from graveshift.work import Counted, Work


class Desk(Protocol):
    """The one door for change. Each method raises the errors of design 3."""

    async def plan(self, operation: str, args: Mapping[str, Any], actor: Actor, /) -> Plan: ...

    async def again(self, plan_id: str) -> Plan: ...

    async def run(self, plan_id: str, actor: Actor, key: str, body: RunPlan) -> Run: ...

    async def steer(self, run_id: str, act: str, actor: Actor) -> Run: ...

    async def rate(self, run_id: str, per_s: float | None, actor: Actor) -> Run: ...

    def operations(self, actor: Actor) -> list[OperationInfo]: ...


class Items(Protocol):
    """What a run acted on."""

    async def page(self, run_id: int, cursor: str | None, limit: int, /) -> Page[Item]: ...

    async def last(self, operation: str, id: str, /) -> tuple[str, datetime] | None: ...


class Runs(Protocol):
    """Runs and their items, newest run first."""

    @property
    def items(self) -> Items: ...

    async def page(self, cursor: str | None, limit: int, /) -> Page[Run]: ...

    async def live(self, limit: int, /) -> list[Run]: ...

    async def stopped(self, limit: int, /) -> list[Run]: ...

    async def one(self, id: int, /) -> Run | None: ...

    async def tried(self, id: int, /) -> Sequence[str]: ...

    async def now(self) -> datetime: ...


class Audit(Protocol):
    """The record, newest first."""

    async def record(self, actor: str, source: str | None, deed: Deed, /) -> int: ...

    async def page(self, cursor: str | None, limit: int, /) -> Page[AuditEntry]: ...

    async def one(self, seq: int, /) -> AuditEntry | None: ...


class Backups(Protocol):
    """The catalogue, newest first."""

    async def page(self, cursor: str | None, limit: int, /) -> Page[Backup]: ...

    async def one(self, id: int, /) -> Backup | None: ...


class Payloads(Protocol):
    """What letters of one system carry, by their native ids."""

    async def payloads(self, letters: Sequence[str], /) -> Mapping[str, str]: ...


class Reveals(Protocol):
    """What may be seen as it is, once."""

    async def open(
        self, run_id: int, actor: Actor, read: Callable[[str], Awaitable[LetterDetail | None]], /
    ) -> LetterDetail | None: ...


class Marks(Protocol):
    """Deploys and other changes, the latest first by the times they have."""

    async def add(self, mark: NewMark, actor: Actor, /) -> str: ...

    async def before(self, moments: Sequence[datetime], /) -> Sequence[Mark | None]: ...

    async def page(self, cursor: str | None, limit: int, /) -> Page[Mark]: ...

    async def one(self, id: int, /) -> Mark | None: ...


class Claims(Protocol):
    """Who is on a cause, and what was written about it, by the ids of groups."""

    async def of(self, groups: Sequence[str], /) -> Mapping[str, Known]: ...


class Tokens(Protocol):
    """Who a bearer token belongs to; None for one that is unknown, revoked or expired."""

    async def verify(self, token: str) -> Actor | None: ...


class History(Protocol):
    """Series over time; `range_s` back from now, a point each `step_s`."""

    async def series(self, name: str, queue: str | None, range_s: int, step_s: int) -> Series: ...

    def close(self) -> None: ...


class Followed(Protocol):
    """What runs moved, as one reads it; see `graveshift.trial.Trials`."""

    async def trials(self, jobs: Sequence[str], run_id: int, /) -> Sequence[Trial]: ...

    async def became(self, runs: Sequence[int], /) -> Mapping[int, Became]: ...


class Rooms(Struct, frozen=True, kw_only=True):
    """Everything the API reads; mappings are by the name of a system.

    `work` is where `POST /v1/jobs` goes and `system` its name. `run_states` counts runs by state; `loops` says when
    each loop last succeeded in this process; each of `checks` says how one thing stands. What `redaction` finds secret
    leaves with no answer; `reveals` is the exception, on the record. `shown_at` is the time that
    sources, letters, jobs and upkeep tell of: the primary's, or that of the `replica` (None: there is none).
    """

    api: ApiSettings
    environment: Environment
    system: str
    sources: Mapping[str, ShownSource]
    letters: Mapping[str, ShownLetters]
    trash: Mapping[str, Trash]
    jobs: Mapping[str, ShownJobs]
    work: Work
    upkeep: Counted
    shown_at: Callable[[], Awaitable[datetime]]
    replica: Callable[[], Standing | None]
    desk: Desk
    runs: Runs
    run_states: Callable[[], Awaitable[Mapping[str, int]]]
    audit: Audit
    backups: Backups
    vault: Vault
    interpreter: Interpreter
    tokens: Tokens
    history: History
    hub: Hub
    schedules: Callable[[], Awaitable[Sequence[ScheduleInfo]]]
    marks: Marks
    claims: Claims
    lore: Lore
    reconciled: Callable[[], Awaitable[Reconciliation | None]]
    payloads: Mapping[str, Payloads]
    reveals: Reveals
    redaction: Redaction
    loops: Callable[[], Mapping[str, datetime]]
    checks: Sequence[Callable[[], Awaitable[Check]]]
    tracing: TracingSettings = TracingSettings()
    trials: Mapping[str, Followed] = {}
    drip: DripSettings = DripSettings()

    async def now(self) -> datetime:
        """The database's clock."""
        return await self.runs.now()
