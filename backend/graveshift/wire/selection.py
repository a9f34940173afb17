"""Selections: which things a verb acts on."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from graveshift.wire.moments import Moment, check_moments


class Filter(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The query parameters' names; every given condition must hold. `text` searches the short message."""

    system: str | None = None
    queue: str | None = None
    kind: str | None = None
    fingerprint: str | None = None
    error_type: str | None = None
    text: Annotated[str, Meta(max_length=512)] | None = None
    state: str | None = None
    run_id: str | None = None
    died_after: Moment | None = None
    died_before: Moment | None = None

    def __post_init__(self) -> None:
        """Refuses times that no database of ours could compare."""
        check_moments(died_after=self.died_after, died_before=self.died_before)

    @property
    def is_empty(self) -> bool:
        """True where no condition is given."""
        return self == Filter()


def strange_state(chosen: Filter, states: type[StrEnum]) -> str | None:
    """What to say of a state that is none of these; None where there is nothing to say."""
    if chosen.state is None or chosen.state in states.__members__.values():
        return None
    return f"there is no state `{chosen.state}`; there are {', '.join(states)} - at `$.state`"


class Selection(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one of the three; the Desk refuses none and more than one. An empty filter is refused too."""

    ids: Annotated[list[str], Meta(max_length=10_000)] | None = None
    filter: Filter | None = None
    all: bool | None = None
