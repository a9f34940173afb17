"""What was typed, as wire types: filters, scopes and arguments; whatever is unknown is met with the nearest match."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from graveshift.wire.operations import OperationInfo
from graveshift.wire.selection import Filter, Selection
from graveshift_tui.commands.refusing import lower
from graveshift_tui.commands.terminal import Misused
from graveshift_tui.moments import END_LOOKS, PAST_LOOKS, by_the_clock, end_of, past_of, rfc3339
from graveshift_tui.rates import UNLIMITED, rate_of
from graveshift_tui.settings import nearest
from graveshift_tui.thresholds import ALL, guard_of

Schema = Mapping[str, Any]
TIMES: Final = frozenset(name for name in Filter.__struct_fields__ if name.endswith(("_after", "_before")))
"""Conditions that are times: how long ago is one."""


def pairs(option: str, texts: list[str]) -> dict[str, str]:
    """`k=v` texts as a mapping; each key once."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise Misused(f"{option} {text}: it has the form key=value")
        if key in found:
            raise Misused(f"{option} {key} is given twice")
        found[key] = value
    return found


def known(kind: str, word: str, words: list[str]) -> str:
    """`word` if it is one of `words`."""
    if word not in words:
        raise Misused(f"`{word}` is no {kind}{nearest(word, words)}")
    return word


def need_clock(texts: list[str]) -> bool:
    """True where one of these `k=v` may mean another moment each time: then it is read by the backend's clock."""
    return any(by_the_clock(text.partition("=")[2]) for text in texts)


def filter_of(texts: list[str], now: datetime) -> Filter | None:
    """The filter, or None where none is typed."""
    given = pairs("--filter", texts)
    for key, text in given.items():
        known("filter field", key, list(Filter.__struct_fields__))
        if key in TIMES:
            at = past_of(text, now)
            if at is None:
                raise Misused(f"--filter {key}={text}: {lower(PAST_LOOKS)}")
            given[key] = rfc3339(at)
    try:
        return msgspec.convert(given, Filter, strict=False) if given else None
    except msgspec.ValidationError as error:
        raise Misused(f"--filter: {error}") from None


def selection_of(
    filters: list[str], ids: list[str], everything: bool, now: datetime, query: str | None = None
) -> Selection | None:
    """The scope; at most one way of saying it, None where nothing is said."""
    if sum((bool(filters), bool(ids), everything, query is not None)) > 1:
        raise Misused("say the scope once: --query, --filter, --id or --all")
    if query is not None:
        return Selection(query=query)
    if ids:
        return Selection(ids=ids)
    if everything:
        return Selection(all=True)
    return Selection(filter=filter_of(filters, now)) if filters else None


def args_of(operation: OperationInfo, texts: list[str], scope: Selection | None, now: datetime) -> dict[str, object]:
    """The arguments to plan with: typed ones as the operation's schema wants them, and the selection."""
    schema = resolved(operation.args_schema, operation.args_schema)
    wanted: Mapping[str, Schema] = schema.get("properties", {})
    if "selection" in wanted and scope is None:
        raise Misused(f"{operation.name} needs a scope: --query, --filter, --id or --all")
    if "selection" not in wanted and scope is not None:
        raise Misused(f"{operation.name} takes no scope, only {_listed(wanted)}")
    names = [name for name in wanted if name != "selection"]
    args: dict[str, object] = {} if scope is None else {"selection": msgspec.to_builtins(scope)}
    for name, text in pairs("--arg", texts).items():
        known(f"argument of {operation.name}", name, names)
        is_end = is_moment(wanted[name], operation.args_schema)
        types = _types(wanted[name], operation.args_schema)
        args[name] = _end(name, text, now) if is_end else _typed(name, text, types)
    if missing := [name for name in schema.get("required", []) if name not in args]:
        raise Misused(f"{operation.name} needs --arg {missing[0]}=...")
    return args


def _typed(name: str, text: str, types: frozenset[str]) -> object:
    """As the console reads it, where that is more than JSON: a rate, and thresholds."""
    try:
        if name == "rate" and text != "null":
            per_s = rate_of(text)
            return UNLIMITED if per_s is None else per_s
        if name == "guard" and text != "null" and not text.lstrip().startswith("{"):
            return guard_of(text, ALL)
    except ValueError as error:
        raise Misused(f"--arg {name}={text}: {lower(str(error))}") from None
    return value_of(text, types)


def value_of(text: str, types: frozenset[str]) -> object:
    """JSON where it parses, else a string; a string too where the schema wants one and would refuse the JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if "string" in types and _type_of(value) not in types else value


def is_moment(schema: Schema, root: Schema) -> bool:
    """True where the schema takes a time."""
    schema = resolved(schema, root)
    parts = (*schema.get("anyOf", []), *schema.get("oneOf", []))
    return schema.get("format") == "date-time" or any(is_moment(part, root) for part in parts)


def _end(name: str, text: str, now: datetime) -> str | None:
    """An end as the backend takes it; `null` is none."""
    if text == "null":
        return None
    at = end_of(text, now)
    if at is None:
        raise Misused(f"--arg {name}={text}: {lower(END_LOOKS)}")
    return rfc3339(at)


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _types(schema: Schema, root: Schema) -> frozenset[str]:
    """The JSON types a schema takes, integers counted as numbers; empty where it does not say."""
    schema = resolved(schema, root)
    named = schema.get("type", [])
    found = {named} if isinstance(named, str) else set(named)
    found |= {_type_of(value) for value in schema.get("enum", [])}
    if "const" in schema:
        found.add(_type_of(schema["const"]))
    for part in (*schema.get("anyOf", []), *schema.get("oneOf", [])):
        found |= _types(part, root)
    return frozenset("number" if name == "integer" else name for name in found)


def resolved(schema: Schema, root: Schema) -> Schema:
    """What a reference points to; anything else as it is."""
    reference = schema.get("$ref", "")
    return root.get("$defs", {}).get(reference.rpartition("/")[2], schema) if reference else schema


def _listed(wanted: Mapping[str, Schema]) -> str:
    return ", ".join(f"--arg {name}=..." for name in wanted) or "no arguments at all"
