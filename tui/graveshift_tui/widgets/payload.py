"""JSON as a document, exact to the digit and the duplicate key; of what is long no more is made than is looked at."""

import json
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from typing import Final, TypeAlias

from msgspec import Struct

from graveshift_tui.format import things
from graveshift_tui.pretty import laid_out
from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.paint import Line, Span
from graveshift_tui.widgets.tree import Node, texts

TOO_BIG: Final = 512_000
WIDE: Final = 20_000
DEEP: Final = 200
MANY, PART, AT_FIRST = 200, 1_000, 2_000
"""Of one list or object so many show, the rest is folded in parts; past so many lines what is nested is folded."""
KEPT: Final = 4


class _Number(str):
    """Digits as they were sent."""

    __slots__ = ()


_Pairs: TypeAlias = list[tuple[str, "_Json"]]
_Json: TypeAlias = "_Number | str | bool | list[_Json] | _Object | None"
_Items: TypeAlias = "Sequence[tuple[str | None, _Json]]"


class _Object(Struct, frozen=True):
    pairs: _Pairs


class _Room:
    """Lines that may still be made at once."""

    def __init__(self, left: int = AT_FIRST) -> None:
        self.left = left


@lru_cache(KEPT)
def json_nodes(path: str, raw: bytes) -> tuple[Node, ...]:
    """JSON as a tree; what is too big, too deep or no JSON is shown as text. The same for the same, and at no cost."""
    text = raw[:TOO_BIG].decode("utf-8", "replace")
    if len(raw) > TOO_BIG:
        head = Node(f"{path}/size", ((f"{len(raw):,} bytes, the first {TOO_BIG:,}:", "muted"),))
        return (head, *_lines(path, text))
    try:
        value: _Json = json.loads(
            text, object_pairs_hook=_Object, parse_int=_Number, parse_float=_Number, parse_constant=_Number
        )
        return (_node(path, ((), ""), value, 0, _Room()),)
    except (ValueError, RecursionError):
        return _lines(path, text)


def _lines(path: str, text: str) -> tuple[Node, ...]:
    """A value a line, as far as it goes."""
    lines = [_cut(line, WIDE) for line in laid_out(text).rstrip("\n").split("\n")]
    parts = [
        _part(
            f"{path}/from{at}",
            len(lines[at : at + PART]),
            "line",
            partial(texts, f"{path}/{at}", lines[at : at + PART]),
        )
        for at in range(MANY, len(lines), PART)
    ]
    return (*texts(path, lines[:MANY]), *parts)


def _node(path: str, frame: tuple[Line, str], value: _Json, depth: int, room: _Room) -> Node:
    """`frame` is the label before it and the comma after it."""
    label, comma = frame
    if depth >= DEEP:
        return Node(path, (*label, ("… deeper than this screen goes", "muted")))
    if isinstance(value, _Object):
        return _branch(path, (label, "{}", comma), value.pairs, depth, room)
    if isinstance(value, list):
        return _branch(path, (label, "[]", comma), [(None, item) for item in value], depth, room)
    return Node(path, (*label, _scalar(value), (comma, "muted")))


def _branch(path: str, frame: tuple[Line, str, str], items: _Items, depth: int, room: _Room) -> Node:
    """`frame` is the label before the bracket, the two brackets, and the comma after the closing one."""
    label, signs, comma = frame
    if not items:
        return Node(path, (*label, (signs + comma, "muted")))
    head: Line = (*label, (signs[0], "muted"))
    end: Line = ((signs[1] + comma, "muted"),)
    brief: Line = ((f" {things(len(items), 'field' if signs == '{}' else 'item')} {signs[1]}{comma}", "muted"),)
    if room.left <= 0:
        later = cache(lambda: _first(path, items, depth, _Room()))
        return Node(path, head, end=end, brief=brief, shut=True, later=later)
    return Node(path, head, _first(path, items, depth, room), end, brief)


def _first(path: str, items: _Items, depth: int, room: _Room) -> tuple[Node, ...]:
    """Those that show, and the parts of the rest."""
    word = "item" if items[0][0] is None else "field"
    parts = [
        _part(f"{path}/from{at}", len(items[at : at + PART]), word, partial(_rest, path, items, depth, at))
        for at in range(MANY, len(items), PART)
    ]
    return (*_some(path, items, depth, (0, MANY), room), *parts)


def _rest(path: str, items: _Items, depth: int, at: int) -> tuple[Node, ...]:
    return _some(path, items, depth, (at, at + PART), _Room(0))


def _some(path: str, items: _Items, depth: int, span: tuple[int, int], room: _Room) -> tuple[Node, ...]:
    last = len(items) - 1
    shown = range(span[0], min(span[1], len(items)))
    room.left -= len(shown)
    return tuple(
        _node(f"{path}/{i}", (_key(items[i][0]), "" if i == last else ","), items[i][1], depth + 1, room) for i in shown
    )


def _part(path: str, many: int, word: str, made: Callable[[], Sequence[Node]]) -> Node:
    """`+ 1,000 more items`, which are made when they are asked for."""
    return Node(path, ((f"+ {things(many, f'more {word}')}", "accent"),), shut=True, later=cache(lambda: tuple(made())))


def _key(key: str | None) -> Line:
    return () if key is None else ((json.dumps(key, ensure_ascii=False)[:WIDE], "key"), (": ", "muted"))


def _scalar(value: _Number | str | bool | None) -> Span:
    if isinstance(value, _Number):
        return clean(value, WIDE), "number"
    if isinstance(value, str):
        cut = f" … {len(value) - WIDE:,} more characters" if len(value) > WIDE else ""
        return clean(json.dumps(value[:WIDE], ensure_ascii=False), 2 * WIDE) + cut, "string"
    return json.dumps(value), "word"


def _cut(line: str, width: int) -> str:
    """A line that shows, and how much of it does not."""
    more = f" … {len(line) - width:,} more characters" if len(line) > width else ""
    return clean(line[:width], 2 * width) + more
