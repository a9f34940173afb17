"""What was edited in a payload, as the arguments that carry it out: a patch where one can say it, else the whole."""

import json
from typing import Any, Final

MASK: Final = "***"
"""What stands where a secret is masked."""


class Inexpressible(Exception):
    """this edit would write back what is masked"""


def patch_of(before: str, after: str) -> dict[str, object] | None:
    """`{"patch": ...}`, or `{"payload": ...}` where no patch says it; None where nothing is edited.

    A patch names only what changed, so what is masked never travels. Raises Inexpressible where it would have to.
    """
    new = json.loads(after)
    try:
        old = json.loads(before)
    except (ValueError, RecursionError):
        return {"payload": after}
    if _same(old, new):
        return None
    patch = _patch(old, new) if isinstance(old, dict) and isinstance(new, dict) else None
    if patch is not None and not _masked(patch):
        return {"patch": patch}
    if _masked(new):
        raise Inexpressible(f"what is masked ({MASK}) can be replaced or left alone, not moved or copied")
    return {"payload": after}


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
        elif _has_null(value):
            return None
        else:
            patch[name] = value
    return patch


def _has_null(value: object) -> bool:
    return value is None or (isinstance(value, dict) and any(_has_null(part) for part in value.values()))


def _same(one: object, other: object) -> bool:
    """`true` is not 1, and 1 not 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _masked(value: object) -> bool:
    match value:
        case str():
            return MASK in value
        case dict():
            return any(_masked(part) for part in value.values())
        case list():
            return any(_masked(part) for part in value)
    return False
