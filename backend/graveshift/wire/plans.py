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


class Plan(Struct, frozen=True, kw_only=True):
    """`count` is of things acted on (None: cannot say); `arrived_since` matches now but was not there at `cutoff`."""

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


class RunPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /v1/plans/{id}/run` takes; `phrase` only where the plan asks for one."""

    phrase: str | None = None
    reason: Annotated[str, Meta(max_length=512)] | None = None
