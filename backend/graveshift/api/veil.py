"""No answer leaves with a secret in it: payloads and error texts go through redaction on their way out."""

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import Raw, Struct, inspect
from msgspec.structs import fields, replace

from graveshift.api.hiding import hidden_plan, hidden_query
from graveshift.redaction import Redaction
from graveshift.wire.filters import SavedFilter
from graveshift.wire.plans import Plan

TEXTS = frozenset(("error_message", "traceback", "message", "error", "detail", "split"))
"""Fields that quote what jobs said, in whatever type of the wire they are."""

PLAIN = (
    *(inspect.StrType, inspect.IntType, inspect.FloatType, inspect.BoolType, inspect.NoneType),
    *(inspect.DateTimeType, inspect.EnumType),
)
"""Types that hold nothing in which anything else could stand."""

HEAVY = 65_536
"""Bytes of what jobs said in one answer from which on the loop does not wait for it."""


async def veiled_aside(answer: Any, redaction: Redaction) -> Any:
    """The same as `veiled`; what is heavy is read in a thread, while others are served."""
    if redaction.enabled and _weight(answer) > HEAVY:
        return await asyncio.to_thread(veiled, answer, redaction)
    return veiled(answer, redaction)


def _weight(answer: Any) -> int:
    """About how much there is to read in one thing."""
    if isinstance(answer, Plan):
        return len(str(answer.args.get("payload", "")))
    payload, traceback = getattr(answer, "payload", None), getattr(answer, "traceback", None)
    carried = len(bytes(payload)) if isinstance(payload, Raw) else 0
    return carried + (len(traceback) if isinstance(traceback, str) else 0)


def veiled(answer: Any, redaction: Redaction) -> Any:
    """The same with `***` for what is secret, at every depth; what holds nothing of that kind comes back as it is."""
    return _veiled(answer, redaction) if redaction.enabled else answer


def _veiled(value: Any, redaction: Redaction) -> Any:
    match value:
        case Raw():
            shown = redaction.payload(bytes(value))
            return value if shown == bytes(value) else Raw(shown)
        case list():
            changed = [_veiled(one, redaction) for one in value]
            return value if all(map(_same, changed, value)) else changed
        case Plan():
            return hidden_plan(value, redaction)
        case SavedFilter():
            return replace(value, query=hidden_query(value.query, redaction))
        case Struct():
            return _of(value, redaction)
    return value


def _of(answer: Struct, redaction: Redaction) -> Struct:
    changed = {}
    for name, is_text in _looked_at(type(answer)):
        given = getattr(answer, name)
        if isinstance(given, str):
            shown: Any = redaction.text(given) if is_text else given
        else:
            shown = given if given is None else _veiled(given, redaction)
        if shown is not given:
            changed[name] = shown
    return replace(answer, **changed) if changed else answer


@cache
def _looked_at(kind: type[Struct]) -> Sequence[tuple[str, bool]]:
    """The fields of a type that what jobs said may be in, and whether a text in them is that.

    A page has a hundred things with a dozen fields each that can only be names, numbers and times.
    """
    looked_at = [one for one in fields(kind) if one.name in TEXTS or not _is_plain(inspect.type_info(one.type))]
    return [(one.name, one.name in TEXTS) for one in looked_at]


def _is_plain(kind: inspect.Type) -> bool:
    match kind:
        case inspect.UnionType():
            return all(map(_is_plain, kind.types))
        case inspect.ListType():
            return _is_plain(kind.item_type)
    return isinstance(kind, PLAIN)


def _same(one: Any, other: Any) -> bool:
    return one is other
