"""Selections: which things a verb acts on."""

import json
import math
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from graveshift.wire.moments import Moment, check_moments

DEEP = 32


class Filter(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The query parameters' names; every given condition must hold. `text` searches the short message.

    Of jobs: `version` is the worker's of the last failed attempt, `payload` a JSON object, as text, that the job's
    payload contains: all of these keys with these values, whatever else there is.
    """

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
    version: Annotated[str, Meta(max_length=512)] | None = None
    enqueued_after: Moment | None = None
    enqueued_before: Moment | None = None
    payload: Annotated[str, Meta(max_length=4096)] | None = None

    def __post_init__(self) -> None:
        """Refuses times that no database of ours could compare, and a payload that is no JSON object."""
        check_moments(died_after=self.died_after, died_before=self.died_before)
        check_moments(enqueued_after=self.enqueued_after, enqueued_before=self.enqueued_before)
        if self.payload is not None and not _is_object(self.payload):
            raise ValueError("`payload` must be a JSON object with a key, as text, no deeper than 32")

    @property
    def is_empty(self) -> bool:
        """True where no condition is given."""
        return self == Filter()


def strange_state(chosen: Filter, states: type[StrEnum]) -> str | None:
    """What to say of a state that is none of these; None where there is nothing to say."""
    if chosen.state is None or chosen.state in states.__members__.values():
        return None
    return f"there is no state `{chosen.state}`; there are {', '.join(states)} - at `$.state`"


def _is_object(text: str) -> bool:
    """True for an object with at least one key, of moderate depth, whose numbers every part of us can hold."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and bool(value) and _is_sound(value, DEEP)


def _is_sound(value: Any, deep: int) -> bool:
    match value:
        case dict():
            return deep > 0 and all(_is_sound(part, deep - 1) for part in value.values())
        case list():
            return deep > 0 and all(_is_sound(part, deep - 1) for part in value)
        case float():
            return math.isfinite(value)
    return True


class Selection(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one of the three; the Desk refuses none and more than one. An empty filter is refused too."""

    ids: Annotated[list[str], Meta(max_length=10_000)] | None = None
    filter: Filter | None = None
    all: bool | None = None
