"""The keys of payloads as paths of the language, those that most payloads have first; pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from graveshift.query.terms import Key
from graveshift.query.writing import path_of

# Of one payload: so many paths, keys so deep and so long, and of a list the first few elements.
PATHS, DEEPEST, LONGEST_KEY, ELEMENTS = 200, 8, 80, 3

Shown = Callable[[str], bool]
"""False for a key that nobody may read."""


def paths(payloads: Iterable[bytes], may_be_shown: Shown) -> list[tuple[str, int]]:
    """Each as it is written, up to and with the `=`, and how many of the payloads have it.

    A key that no line can hold (control characters, and what turns its direction) is left out with all below it, and so
    is one that may not be shown, or is long: such are values in the place of keys.
    """
    found: Counter[tuple[Key, ...]] = Counter()
    for payload in payloads:
        found.update(_distinct(_paths(_decoded(payload), ())))
    usable = {name: _usable(name, may_be_shown) for path in found for name in (key.name for key in path)}
    counted = [(f"{path_of(path)}=", n) for path, n in found.items() if all(usable[key.name] for key in path)]
    return sorted(counted, key=lambda one: (-one[1], one[0]))


def _distinct(every: Iterator[tuple[Key, ...]]) -> set[tuple[Key, ...]]:
    return {path for path, _ in zip(every, range(PATHS), strict=False)}


def _usable(name: str, may_be_shown: Shown) -> bool:
    return len(name) <= LONGEST_KEY and name.isprintable() and may_be_shown(name)


def _decoded(payload: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _paths(document: Any, path: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    """To each plain value; a list is passed through, and may be written as one whose element is meant."""
    if not isinstance(document, dict) or len(path) == DEEPEST:
        return
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _paths(value, (*path, Key(name)))
        elif isinstance(value, list):
            yield from _elements(value, (*path, Key(name, many=True)))
        else:
            yield (*path, Key(name))


def _elements(listed: Sequence[Any], path: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    for element in listed[:ELEMENTS]:
        if isinstance(element, dict):
            yield from _paths(element, path)
        elif not isinstance(element, list):
            yield path
