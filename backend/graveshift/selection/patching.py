"""JSON merge patches (RFC 7386) that leave alone every byte that they do not speak of; and payloads typed anew."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from graveshift.errors import Invalid
from graveshift.redaction.strings import MASK
from graveshift.wire.plans import Change

DEEP = 64
LONGEST = 1_000_000
SHOWN, VALUE = 12, 200

Fields = dict[str, Raw]


class Unpatchable(Exception):
    """this payload cannot be patched"""


def check_patch(patch: Mapping[str, Any]) -> None:
    """Raises Invalid for a patch that changes nothing or is too deep."""
    if not patch:
        raise Invalid("an empty patch changes nothing - at `$.patch`")
    if _depth(patch) > DEEP:
        raise Invalid(f"a patch is no deeper than {DEEP} - at `$.patch`")


def check_unmasked(patch: Mapping[str, Any]) -> None:
    """Raises Invalid for a patch that would write the mark of what is masked: it comes from a masked view."""
    if any(MASK in text for text in _texts(patch)):
        raise Invalid(f"the patch would write `{MASK}`, which stands for what is masked: leave it out - at `$.patch`")


def check_payload(text: str) -> None:
    """Raises Invalid, saying where, for what is no JSON, or too long or too deep for every part of us."""
    try:
        size = len(text.encode())
        value = json.loads(text, parse_constant=_refuse)
    except UnicodeEncodeError as error:
        raise Invalid("the payload holds half a surrogate pair: write it as \\ud83d\\ude00 - at `$.payload`") from error
    except json.JSONDecodeError as error:
        said = f"the payload is no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        raise Invalid(f"{said} - at `$.payload`") from error
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the payload is no JSON that can be kept: {error} - at `$.payload`") from error
    if size > LONGEST:
        raise Invalid(f"a payload has at most {LONGEST:,} bytes, and this one {size:,} - at `$.payload`")
    if _depth(value) > DEEP:
        raise Invalid(f"a payload is no deeper than {DEEP} - at `$.payload`")


def patched(payload: str, patch: Mapping[str, Any]) -> str:
    """The payload with the patch merged into it; the very same text where nothing changes.

    Raises Unpatchable for a payload that is no object: what RFC 7386 makes of one would lose all of it.
    """
    try:
        fields = msgspec.json.decode(payload, type=Fields)
    except msgspec.MsgspecError as error:
        is_object = payload.lstrip(" \t\r\n").startswith("{")
        odd = f"holds what a patch cannot leave as it is ({error})"
        why = odd if is_object else "is no object to merge a patch into"
        raise Unpatchable(f"its payload {why}") from error
    merged = _merged(fields, patch)
    if merged == fields:
        return payload
    text = msgspec.json.encode(merged).decode()
    if len(text) > LONGEST:
        raise Unpatchable(f"its payload would have more than {LONGEST:,} characters")
    return text


def changes(before: str, after: str) -> list[Change]:
    """What differs, value by value, the first dozen; the whole where one of them is no object."""
    found = _changes("", Raw(before.encode()), Raw(after.encode()))
    return found[:SHOWN]


def _merged(fields: Fields, patch: Mapping[str, Any]) -> Fields:
    """`merged == fields` where the patch only says what is so already."""
    merged = dict(fields)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = _object(merged.get(name)) or {}
            deeper = _merged(inner, value)
            if deeper != inner or name not in merged or _object(merged[name]) is None:
                merged[name] = Raw(msgspec.json.encode(deeper))
        elif not _same(merged.get(name), value):
            merged[name] = Raw(msgspec.json.encode(value))
    return merged


def _same(raw: Raw | None, value: object) -> bool:
    """True for the same value however it is written; `true` is not 1."""
    if raw is None:
        return False
    try:
        return msgspec.json.encode(msgspec.json.decode(raw)) == msgspec.json.encode(value)
    except msgspec.MsgspecError:
        return False


def _object(raw: Raw | None) -> Fields | None:
    try:
        return None if raw is None else msgspec.json.decode(raw, type=Fields)
    except msgspec.MsgspecError:
        return None


def _changes(path: str, before: Raw | None, after: Raw | None) -> list[Change]:
    old, new = _object(before), _object(after)
    if old is not None and new is not None:
        names = [*old, *(name for name in new if name not in old)]
        return [change for name in names for change in _changes(_under(path, name), old.get(name), new.get(name))]
    said = (_shown(before), _shown(after))
    same = before is not None and after is not None and bytes(before) == bytes(after)
    return [] if same else [Change(path or "payload", *said)]


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(raw: Raw | None) -> str | None:
    if raw is None:
        return None
    text = bytes(raw).decode(errors="replace").strip()
    return text if len(text) <= VALUE else f"{text[:VALUE]}..."


def _depth(value: object) -> int:
    """How many objects and lists lie in each other, without recursion: it may be too deep for that."""
    deepest, level = 0, [value]
    while level and deepest <= DEEP:
        parts = [part for part in level if isinstance(part, dict | list)]
        deepest += bool(parts)
        level = [inner for part in parts for inner in (part.values() if isinstance(part, dict) else part)]
    return deepest


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from _texts(part)
        case list():
            for part in value:
                yield from _texts(part)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")
