"""What a plan shows of its arguments and says in words: edits and conditions, without the secrets in them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from graveshift.query import hidden
from graveshift.redaction import Redaction
from graveshift.wire.plans import Breakdown, Effect, Plan


def hidden_plan(plan: Plan, redaction: Redaction) -> Plan:
    """As others may see it; the Desk keeps it as it was asked."""
    args = _through(plan.args, _MASKS, redaction)
    plan = replace(plan, parts=plan.parts and _parts(plan.parts, redaction))
    if "selection" not in args and "query" not in args:
        return replace(plan, args=args)
    effects = [
        Effect(hidden_words(one.subject, redaction), hidden_words(one.change, redaction)) for one in plan.effects
    ]
    return replace(plan, args=args, effects=effects)


def _parts(parts: Sequence[Breakdown], redaction: Redaction) -> list[Breakdown]:
    """A cause is called by what jobs said."""
    return [
        replace(part, top=[replace(share, label=redaction.text(share.label)) for share in part.top]) for part in parts
    ]


def hidden_query(text: str, redaction: Redaction) -> str:
    """The text of a filter."""
    return hidden(text, redaction.payload, redaction.text)


def hidden_words(words: str, redaction: Redaction) -> str:
    """With a condition in them: they are read as a payload would be, and as a message."""
    return redaction.text(_json(words, redaction))


def _json(text: Any, redaction: Redaction) -> Any:
    if not isinstance(text, str):
        return text
    return redaction.payload(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _patch(patch: Any, redaction: Redaction) -> Any:
    return msgspec.json.decode(redaction.payload(msgspec.json.encode(patch)))


def _query(text: Any, redaction: Redaction) -> Any:
    return hidden_query(text, redaction) if isinstance(text, str) else text


def _words(text: Any, redaction: Redaction) -> Any:
    return redaction.text(text) if isinstance(text, str) else text


def _filter(chosen: Any, redaction: Redaction) -> Any:
    return _through(chosen, _CONDITIONS, redaction)


def _selection(selection: Any, redaction: Redaction) -> Any:
    return _through(selection, {"filter": _filter, "query": _query}, redaction)


def _each(mask: Callable[[Any, Redaction], Any]) -> Callable[[Any, Redaction], Any]:
    def masked(values: Any, redaction: Redaction) -> Any:
        return [mask(one, redaction) for one in values] if isinstance(values, list) else values

    return masked


def _through(value: Any, masks: Mapping[str, Callable[[Any, Redaction], Any]], redaction: Redaction) -> Any:
    """The object with what `masks` know by its name masked."""
    if not isinstance(value, Mapping):
        return value
    return {name: masks[name](one, redaction) if name in masks else one for name, one in value.items()}


_MASKS = {"payload": _json, "patch": _patch, "query": _query, "selection": _selection}
_CONDITIONS: Mapping[str, Callable[[Any, Redaction], Any]] = {
    "payload": _json,
    "contains": _each(_each(_json)),
    "text": _words,
    "phrases": _each(_words),
    "without": _each(_filter),
}
