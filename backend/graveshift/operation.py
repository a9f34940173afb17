"""The port for a verb: a frozen struct of arguments that can be planned by reading only, and carried out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

import msgspec
from msgspec import Struct

from graveshift.archive import Archive
from graveshift.delivery import Delivery
from graveshift.drip import DripSettings, ProbeSettings
from graveshift.driver import Jobs, Letters, Source, Trash, Unit, Verdict
from graveshift.dump import Dumper
from graveshift.errors import Invalid
from graveshift.interpreter import Interpreter
from graveshift.redaction import Redaction
from graveshift.rotator import Rotator
from graveshift.store.audit import Actor
from graveshift.store.backups import BackupBook
from graveshift.store.claims import ClaimBook
from graveshift.store.runs import RunBook
from graveshift.timetable import Timetable
from graveshift.trial import Trials
from graveshift.vault import Vault
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Breakdown, Caution, Confirm, Effect, Forecast, Sample
from graveshift.wire.refusals import refusal
from graveshift.wire.trials import Then

__all__ = [
    "Actor",
    "Care",
    "Carrier",
    "Chunks",
    "Draft",
    "Operation",
    "Refreshable",
    "Step",
    "World",
    "decoded",
]


class World(Struct, frozen=True):
    """What a verb may reach: every port, by the name of its system or kind. Built by bootstrap.

    A bulk run waits `undo_window_s` before its first item. A share of died again above `died_again_limit` wants more
    than a yes. A plan over more than `backup_above` things (None: never) warns where the newest verified backup is
    older than `backup_age_s`. `free_bytes` is of the disk that the database is on, None where it is not known. `actor`
    is who plans, by name; empty outside a plan.
    """

    environment: str
    rate_per_s: float
    sources: Mapping[str, Source]
    letters: Mapping[str, Letters]
    jobs: Mapping[str, Jobs]
    timetable: Timetable
    runs: RunBook
    backups: BackupBook
    claims: ClaimBook
    archive: Archive
    dumper: Dumper
    vault: Vault
    rotators: Mapping[str, Rotator]
    interpreter: Interpreter
    trash: Mapping[str, Trash] = {}
    keep_trash_days: int = 7
    undo_window_s: float = 0
    died_again_limit: float = 0.5
    backup_above: int | None = None
    backup_age_s: float = 86_400
    free_bytes: Callable[[], int | None] = lambda: None
    redaction: Redaction = Redaction()
    trials: Mapping[str, Trials] = {}
    drip: DripSettings = DripSettings()
    probes: Mapping[str, ProbeSettings] = {}
    delivery: Delivery = Delivery()
    actor: str = ""


class Draft(Struct, frozen=True, kw_only=True):
    """What planning found. `count` None: cannot say. `frozen` is kept with the plan and handed back to `run` as it was.

    `because` is why the phrase is another than the usual one, in words.
    `subjects` are identities and states of what is not counted: a plan whose fresh draft has other subjects is stale.
    `walked` is how many items the run will have, where that is not the count: some may be too late by then.
    `rate` is items per second for the run, None for unlimited or for verbs that have none. `cutoff` is when it was
    frozen, None for now. `wait_s` is how long the run waits before it begins, so that it can be thought better of.
    `delay_s` and `due_at` are when what it moves is due, where that is not at once.
    `meant` is the filter that the text of a selection meant then; the Desk sets it.
    """

    count: int | None
    count_is_exact: bool = True
    walked: int | None = None
    arrived_since: int | None = None
    arrived_is_exact: bool = True
    effects: Sequence[Effect] = ()
    confirm: Confirm = Confirm.YES
    phrase: str | None = None
    because: str | None = None
    rate: float | None = None
    subjects: Sequence[str] = ()
    frozen: Mapping[str, Any] = {}
    cutoff: datetime | None = None
    parts: Sequence[Breakdown] | None = None
    parts_of: int | None = None
    warnings: Sequence[Caution] = ()
    samples: Sequence[Sample] = ()
    forecast: Forecast | None = None
    wait_s: float = 0
    delay_s: float | None = None
    due_at: datetime | None = None
    meant: Mapping[str, Any] | None = None


class Step(Struct, frozen=True):
    """One named step of a run; `act` is idempotent, returns a detail for people, and raises when it failed.

    A cancel waits for the end of a step, unless the step may be `interruptible` anywhere.
    """

    name: str
    act: Callable[[], Awaitable[str | None]]
    interruptible: bool = False


class Chunks(Protocol):
    """What a verb over many things gives to the runner. Ids are public."""

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """The next public ids strictly after `after`, in a stable order and of one system; empty at the end."""

    def transacts(self, ids: Sequence[str]) -> bool:
        """True where `act` on these happens wholly inside the unit; else intents are committed before it is called."""

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """Carry out one chunk: a verdict for each id. Called again with the same ids after a crash."""


class Care(Struct, frozen=True):
    """How a run is watched while it moves jobs back. `canary` letters are tried first, None for no canary.

    `sample` gives that many public ids of the selection, at most; the run keeps them.
    """

    drip: DripSettings
    canary: int | None
    then: Then
    sample: Callable[[int], Awaitable[Sequence[str]]]


class Carrier(Protocol):
    """What the runner offers to a verb while it is carried out; resumes where a former carrier stopped."""

    run_id: int
    frozen: Mapping[str, Any]
    actor: str
    reason: str | None

    async def chunks(self, work: Chunks, care: Care | None = None) -> None:
        """Pick and act until nothing is left, at the run's rate, heeding pause and cancel; a chunk is a transaction.

        With `care` its canary goes first, and it slows itself down or stops where what it moved fails again.
        """

    async def steps(self, steps: Sequence[Step]) -> None:
        """Act on each step that has no outcome yet, in order; a step that raises fails the run with its message."""

    async def note(self, step: str, detail: str) -> None:
        """Progress of a step in words, shown on its item."""


class Operation(Protocol):
    """A verb. Instances are frozen Structs decoded from a plan's `args`.

    A verb that needs a driver's ability says so: `needs: ClassVar[Can]`; where no system has it, it is not offered.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    danger: ClassVar[Danger]
    role: ClassVar[Role]

    async def plan(self, world: World) -> Draft:
        """What would be done, by reading only."""

    async def run(self, world: World, carrier: Carrier) -> None:
        """Do it. Returns when every item has an outcome; raises to fail the run."""


@runtime_checkable
class Refreshable(Protocol):
    """A verb over what moves by itself: planned a second time, it looks at what was there the first time."""

    async def refresh(self, world: World, frozen: Mapping[str, Any]) -> Draft:
        """The draft again for what `frozen` says was chosen, with `arrived_since`; by reading only."""


def decoded(kind: type[Operation], args: Mapping[str, Any]) -> Operation:
    """The verb with these arguments. Raises Invalid, naming where."""
    if _holds_nul(args):
        raise Invalid("U+0000 has no place in arguments")
    try:
        return msgspec.convert(dict(args), type=kind)
    except msgspec.ValidationError as error:
        raise Invalid(refusal(error)) from error


def _holds_nul(value: object) -> bool:
    match value:
        case str():
            return "\0" in value
        case Mapping():
            return any(_holds_nul(part) for pair in value.items() for part in pair)
        case list():
            return any(_holds_nul(part) for part in value)
    return False
