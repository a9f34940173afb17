"""What was edited in a payload, as the arguments that carry it out: a patch where one can say it, else the whole."""

import json
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

MASK: Final = "***"
"""What stands where a secret is masked."""
DIGITS: Final = 18
"""Digits of a whole number that every JSON library takes."""


class Inexpressible(Exception):
    """this edit would write back what is masked"""


class Exact(Struct, frozen=True):
    """A number that would lose a digit on its way: only a whole payload carries its text."""

    text: str


def patch_of(before: str, after: str) -> dict[str, object] | None:
    """`{"patch": ...}`, or `{"payload": ...}` where no patch says it; None where nothing is edited.

    A patch names only what changed, so what is masked never travels. Raises Inexpressible where it would have to.
    """
    if before == after:
        return None
    new = _read(after)
    try:
        old = _read(before)
    except (ValueError, RecursionError):
        return {"payload": after}
    if _same(old, new):
        return None
    patch = _patch(old, new) if isinstance(old, dict) and isinstance(new, dict) else None
    if patch is not None and not _masked(patch):
        return {"patch": patch}
    if _masked(new):
        raise Inexpressible(f"what is masked ({MASK}) can be replaced or left alone, not moved, copied, or sent with "
                            "the rest, as a null and a number of very many digits want it")  # fmt: skip
    return {"payload": after}


def _read(text: str) -> Any:
    return json.loads(text, parse_float=_float, parse_int=_int)


def _float(text: str) -> float | Exact:
    value = float(text)
    return value if Decimal(repr(value)) == Decimal(text) else Exact(text)


def _int(text: str) -> int | Exact:
    return int(text) if len(text) <= DIGITS else Exact(text)


def _patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any] | None:
    """None where a merge patch cannot say it: it has no way to set a null."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        if name in old and _same(old[name], value):
            continue
        if isinstance(value, dict) and isinstance(old.get(name), dict):
            inner = _patch(old[name], value)
            if inner is None:
                return None
            patch[name] = inner
        elif _is_unsayable(value):
            return None
        else:
            patch[name] = value
    return patch


def _is_unsayable(value: object) -> bool:
    """A null outside of lists, and a number that would lose a digit anywhere."""
    match value:
        case None | Exact():
            return True
        case dict():
            return any(_is_unsayable(part) for part in value.values())
        case list():
            return any(part is not None and _is_unsayable(part) for part in value)
    return False


def _same(one: object, other: object) -> bool:
    """`true` is not 1, and 1 not 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(map(_same, one.values(), map(other.__getitem__, one)))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return repr(one) == repr(other) if isinstance(one, float) else one == other


def _masked(value: object) -> bool:
    match value:
        case str():
            return MASK in value
        case dict():
            return any(_masked(part) for part in value.values())
        case list():
            return any(_masked(part) for part in value)
    return False
