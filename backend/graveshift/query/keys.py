"""The keys of payloads as paths of the language, those that most payloads have first; pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec

from graveshift.query.terms import Key
from graveshift.query.writing import path_of

# Of one payload: so many paths, keys so deep and so long, and of a list the first few elements.
PATHS, DEEPEST, LONGEST_KEY, ELEMENTS = 100, 8, 80, 3

Shown = Callable[[str], bool]
"""False for a key that nobody may read."""


def paths(payloads: Iterable[bytes], may_be_shown: Shown) -> list[tuple[str, int]]:
    """Each as it is written, up to and with the `=`, and how many of the payloads have it; plain ones first.

    A key that no line can hold (control characters, and what turns its direction) is left out with all below it, and so
    is one that may not be shown, or is long: such are values in the place of keys.
    """
    root = _Node()
    for turn, payload in enumerate(payloads, 1):
        _enter(root, _decoded(payload), turn, [PATHS], DEEPEST)

    @cache
    def usable(name: str) -> bool:
        return len(name) <= LONGEST_KEY and name.isprintable() and may_be_shown(name)

    found = [(f"{path_of(path)}=", n) for path, n in _led(root, (), usable)]
    return sorted(found, key=lambda one: (-one[1], '"' in one[0], one[0]))


class _Node:
    """A key of some payloads: how many of them have a plain value there, and what is below, of objects and of lists."""

    __slots__ = ("below", "lists", "n", "turn")

    def __init__(self) -> None:
        self.n = self.turn = 0
        self.below: dict[str, _Node] = {}
        self.lists: dict[str, _Node] = {}

    def count(self, turn: int) -> None:
        """Once for each payload."""
        self.n += self.turn != turn
        self.turn = turn


def _enter(node: _Node, document: Any, turn: int, left: list[int], deep: int) -> None:
    """What a payload has goes into one tree with what others have; `left` is how many plain values may be looked at."""
    if type(document) is not dict or not deep:
        return
    for name, value in document.items():
        if left[0] <= 0:
            return
        kind = type(value)
        if kind is list:
            into = node.lists.get(name) or node.lists.setdefault(name, _Node())
            _enter_each(into, value, turn, left, deep - 1)
            continue
        into = node.below.get(name) or node.below.setdefault(name, _Node())
        if kind is dict:
            _enter(into, value, turn, left, deep - 1)
        else:
            left[0] -= 1
            into.count(turn)


def _enter_each(node: _Node, listed: Sequence[Any], turn: int, left: list[int], deep: int) -> None:
    for element in listed[:ELEMENTS]:
        if isinstance(element, dict):
            _enter(node, element, turn, left, deep)
        elif not isinstance(element, list):
            left[0] -= 1
            node.count(turn)


def _led(node: _Node, path: tuple[Key, ...], usable: Shown) -> Iterator[tuple[tuple[Key, ...], int]]:
    for many, below in ((False, node.below), (True, node.lists)):
        for name, one in below.items():
            if usable(name):
                here = (*path, Key(name, many))
                if one.n:
                    yield here, one.n
                yield from _led(one, here, usable)


def _decoded(payload: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
