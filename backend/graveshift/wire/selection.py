"""Selections: which things a verb acts on."""

import json
import math
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from graveshift.wire.moments import Moment, check_moments

DEEP = 32
MANY = 64

Many = Annotated[int, Meta(ge=0, le=1_000_000)]
Words = Annotated[str, Meta(max_length=512)]
Wanted = Annotated[str, Meta(max_length=4096)]


class Veiled(Struct, frozen=True, forbid_unknown_fields=True):
    """The value at a path of the payload is a secret one: `token` is what `POST /v1/query/secret` made of it."""

    path: Annotated[list[str], Meta(min_length=1, max_length=DEEP)]
    token: Annotated[str, Meta(max_length=128, pattern="^hmac:[0-9a-f]{16}-[0-9a-f]{64}$")]


class Filter(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The query parameters' names; every given condition must hold. `text` searches the short message for words.

    In `queue`, `kind`, `error_type` and `version` a `*` stands for anything. `version` is the worker's of the last
    failed attempt. `payload` is a JSON object, as text, that the payload contains: all of these keys with these values,
    whatever else there is. Attempts, and how often it was requeued, are bounded inclusively.

    What no query parameter says, only a filter or its text: of each of `contains` the payload contains at least one,
    `phrases` are words that follow each other, and nothing in `without` holds; what is in there is by text and payload
    or by other conditions, not by both, and has no `without` of its own.
    """

    system: str | None = None
    queue: str | None = None
    kind: str | None = None
    fingerprint: str | None = None
    error_type: str | None = None
    text: Words | None = None
    state: str | None = None
    run_id: str | None = None
    died_after: Moment | None = None
    died_before: Moment | None = None
    version: Words | None = None
    enqueued_after: Moment | None = None
    enqueued_before: Moment | None = None
    payload: Wanted | None = None
    attempts_min: Many | None = None
    attempts_max: Many | None = None
    requeued_min: Many | None = None
    requeued_max: Many | None = None
    phrases: Annotated[list[Words], Meta(max_length=MANY)] = []
    contains: Annotated[list[Annotated[list[Wanted], Meta(min_length=1, max_length=4)]], Meta(max_length=MANY)] = []
    veiled: Annotated[list[Veiled], Meta(max_length=8)] = []
    without: Annotated[list["Filter"], Meta(max_length=MANY)] = []

    def __post_init__(self) -> None:
        """Refuses times that no database of ours could compare, and a payload that is no JSON object."""
        check_moments(died_after=self.died_after, died_before=self.died_before)
        check_moments(enqueued_after=self.enqueued_after, enqueued_before=self.enqueued_before)
        if self.payload is not None and not _is_object(self.payload):
            raise ValueError("`payload` must be a JSON object with a key, as text, no deeper than 32")
        if not all(_is_object(wanted) for either in self.contains for wanted in either):
            raise ValueError("each of `contains` must be JSON objects with a key, as text, no deeper than 32")
        for excluded in self.without:
            _check_excluded(excluded)

    @property
    def given(self) -> frozenset[str]:
        """The names of its conditions, those in `without` among them."""
        own = {name for name in self.__struct_fields__ if getattr(self, name) not in (None, [])}
        return frozenset(own - {"without"}).union(*(excluded.given for excluded in self.without))

    @property
    def is_empty(self) -> bool:
        """True where no condition is given."""
        return self == Filter()


# Conditions on what a letter or a job carries, not on its own row.
CARRIED = frozenset({"text", "phrases", "payload", "contains", "veiled"})
# Conditions that a query parameter cannot say.
UNSAID = frozenset({"phrases", "contains", "veiled", "without"})

# Conditions that mean something for each kind of thing. One that is not known must never be passed over in silence:
# what is left of the filter would choose more than was asked for.
EVERY = frozenset(Filter.__struct_fields__)
LETTER_FIELDS = EVERY - {"state"}
TRASH_FIELDS = LETTER_FIELDS
JOB_FIELDS = EVERY - {"error_type", "text", "phrases", "died_after", "died_before"}
GROUP_FIELDS = frozenset({"system", "queue", "kind", "fingerprint", "error_type", "text", "phrases", "without"})
QUEUE_FIELDS = frozenset({"system", "queue", "without"})
WORKER_FIELDS = frozenset({"system", "queue", "state", "without"})


def parameters(fields: frozenset[str]) -> tuple[str, ...]:
    """Those that a query parameter can say, in the order of Filter."""
    return tuple(name for name in Filter.__struct_fields__ if name in fields - UNSAID)


def _check_excluded(excluded: Filter) -> None:
    if excluded.is_empty or excluded.without:
        raise ValueError("each of `without` must have a condition, and no `without` of its own")
    carried = excluded.given & CARRIED
    if carried and (carried != excluded.given or (excluded.veiled and (excluded.veiled[1:] or len(carried) > 1))):
        raise ValueError("what `without` excludes is by text and payload, by a secret value, or by all else")


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
    """Exactly one of the four; the Desk refuses none and more than one. An empty filter is refused too.

    `query` is the text of a filter: a plan keeps what it meant when the plan was made.
    """

    ids: Annotated[list[str], Meta(max_length=10_000)] | None = None
    filter: Filter | None = None
    query: Annotated[str, Meta(max_length=4096)] | None = None
    all: bool | None = None
