"""Plans: what a verb would do, computed by reading only."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct


class Confirm(StrEnum):
    """How a plan wants to be confirmed; the backend decides."""

    NONE = "none"
    YES = "yes"
    PHRASE = "phrase"


class Effect(Struct, frozen=True):
    """One sentence of what changes: identities and states, never ages."""

    subject: str
    change: str


class NewPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /v1/plans` takes. `args` has the shape that `/v1/operations` gives for the operation."""

    operation: str
    args: dict[str, Any] = {}


class Share(Struct, frozen=True):
    """So many of one queue, kind or group; `label` says a group in words."""

    name: str
    n: int
    label: str = ""


class Breakdown(Struct, frozen=True):
    """`by` is `queue`, `kind` or `group`: the largest first, and how many `more` there are."""

    by: str
    top: list[Share]
    more: int = 0


class Caution(Struct, frozen=True, kw_only=True):
    """Something foreseen, in `words`; `n` things are concerned (None: all, or cannot say), of a sample of `of`."""

    code: str
    words: str
    n: int | None = None
    of: int | None = None


class Change(Struct, frozen=True):
    """One value of a payload, as JSON text, before and after; None where there is none."""

    path: str
    before: str | None
    after: str | None


class Sample(Struct, frozen=True):
    """What an edit makes of one letter; `refused` says why nothing."""

    id: str
    changes: list[Change] = []
    refused: str | None = None


class Forecast(Struct, frozen=True, kw_only=True):
    """Seconds and bytes; None means "cannot say". `undo_window_s` is the wait before the first item moves.

    `first_rate` is how fast it begins, until it reaches `rate`; None where it begins with that, or has none. `brakes`
    is at what it slows itself down and stops, in words; None where it is over before that.
    """

    duration_s: float | None = None
    rate: float | None = None
    first_rate: float | None = None
    wal_bytes: int | None = None
    disk_bytes: int | None = None
    free_bytes: int | None = None
    undo_window_s: float = 0
    brakes: str | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """`count` is of things acted on (None: cannot say); `arrived_since` matches now but was not there at `cutoff`.

    Where one of them is not exact, counting stopped there: there are at least so many.

    `parts` None: they could not be had in time, or are not of this verb; they are of `parts_of` things, the oldest,
    where that is not None. `samples` are of an edit. `because` is why the phrase is asked for, where it is another than
    the usual one.
    """

    id: str
    operation: str
    args: dict[str, Any]
    count: int | None
    count_is_exact: bool
    arrived_since: int | None
    cutoff: datetime
    effects: list[Effect]
    confirm: Confirm
    phrase: str | None
    expires_at: datetime
    arrived_is_exact: bool = True
    parts: list[Breakdown] | None = None
    parts_of: int | None = None
    warnings: list[Caution] = []
    samples: list[Sample] = []
    forecast: Forecast | None = None
    because: str | None = None


class RunPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /v1/plans/{id}/run` takes; `phrase` only where the plan asks for one."""

    phrase: str | None = None
    reason: Annotated[str, Meta(max_length=512)] | None = None
