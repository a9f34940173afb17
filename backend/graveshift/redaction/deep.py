"""What is secret by where it stands: below dotted names, and beside a name in a pair such as `["token", "..."]`."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from graveshift.redaction.names import Names, State
from graveshift.redaction.strings import DEEP, Span, masked_value, plain, value_end

NAMING: Final = frozenset(("name", "key", "header", "field", "param", "parameter", "k"))
VALUED: Final = frozenset(("value", "values", "val", "v"))
_WITHIN: Final = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_NAMED: Final = re.compile(rf"{_WITHIN}\s*:\s*{_WITHIN}", re.DOTALL)
_FIRST: Final = re.compile(rf"\[\s*{_WITHIN}\s*,", re.DOTALL)
_PAIR: Final = re.compile(rf'\[\s*{_WITHIN}\s*,(\s*(?:{_WITHIN}|[^\s"{{}}\[\],]+))\s*\]', re.DOTALL)
_VALUE: Final = re.compile(rf"\s*{_WITHIN}", re.DOTALL)
_BETWEEN: Final = " \t\r\n,"

Flat = Callable[[re.Match[str]], str | None]


class _Frame:
    """An object or list that is open; `named` where a field of it is the name of a secret."""

    __slots__ = ("named", "start", "state", "values")

    def __init__(self, state: State) -> None:
        self.state = state
        self.named = False
        self.start = -1
        self.values: list[tuple[int, int]] = []

    def value_ends(self, text: str, at: int) -> None:
        """The value that was begun goes to here, without what parts it from what follows."""
        if self.start >= 0:
            while text[at - 1] in _BETWEEN:
                at -= 1
            self.values.append((self.start, at))
            self.start = -1


def has_pairs(text: str, keys: Collection[str], names: Names) -> bool:
    """Whether the name of a secret stands in the place of a name; `keys` are all of the text, as they stand there."""
    found = set(_FIRST.findall(text))
    if not NAMING.isdisjoint(map(str.lower, keys)) or any("\\" in key for key in keys):
        found |= {value for key, value in _NAMED.findall(text) if plain(key).lower() in NAMING}
    return bool(names.among(found))


def deep_spans(text: str, names: Names, flat: Flat) -> list[Span]:
    """In order; one may lie within another. `flat` tells what a string or number becomes by itself, None: it stays."""
    return sorted(_walked(text, names, flat), key=lambda span: (span[0], -span[1]))


def _walked(text: str, names: Names, flat: Flat) -> Iterator[Span]:
    stack, state, done = [_Frame(names.start)], names.start, 0
    for found in DEEP.finditer(text):
        start, end = found.span()
        if start < done:
            continue
        sign = text[start]
        if sign == '"' and found[2]:
            below = _entered(text, stack[-1], names, found)
            state = below or ()
            if below is None:
                done = value_end(text, end)
                yield from masked_value(text, end, done)
        elif sign in "{[":
            stack.append(_Frame(state))
            if sign == "[" and (pair := _PAIR.match(text, start)) and names.names(plain(pair[1])):
                done = pair.end(2)
                yield from masked_value(text, pair.start(2), done)
        elif sign in "}]":
            frame = stack.pop() if len(stack) > 1 else stack[0]
            frame.value_ends(text, start)
            for value in frame.values if frame.named else ():
                yield from masked_value(text, *value)
            state = stack[-1].state
        elif (instead := flat(found)) is not None:
            yield start, end, instead


def _entered(text: str, frame: _Frame, names: Names, found: re.Match[str]) -> State | None:
    """What a key opens; None where what is there is secret. Its object remembers names and values of pairs."""
    key = plain(found[1])
    frame.value_ends(text, found.start())
    if (low := key.lower()) in VALUED:
        frame.start = found.end()
    elif low in NAMING and (value := _VALUE.match(text, found.end())):
        frame.named = frame.named or names.names(plain(value[1]))
    return names.below(frame.state, key)
