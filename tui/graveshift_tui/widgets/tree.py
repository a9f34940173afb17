"""A document of foldable lines, and JSON as one; exact to the digit and the duplicate key."""

import json
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from graveshift_tui.format import things
from graveshift_tui.sanitize import clean, clean_lines
from graveshift_tui.widgets.paint import Line, Span

TOO_BIG: Final = 512_000
WIDE: Final = 20_000
DEEP: Final = 200


class Node(Struct, frozen=True):
    """A line with lines beneath it; `end` closes it while it is open, `path` names it for folding.

    One that is `shut` is folded until it is opened.
    """

    path: str
    head: Line
    children: "tuple[Node, ...]" = ()
    end: Line = ()
    brief: Line = ()
    shut: bool = False


class Flat(Struct, frozen=True):
    """One visible line of a document."""

    path: str
    line: Line
    folds: bool


class _Number(str):
    """Digits as they were sent."""

    __slots__ = ()


_Pairs: TypeAlias = list[tuple[str, "_Json"]]
_Json: TypeAlias = "_Number | str | bool | list[_Json] | _Object | None"


class _Object(Struct, frozen=True):
    pairs: _Pairs


def flatten(nodes: Sequence[Node], folded: frozenset[str], depth: int = 0) -> Iterator[Flat]:
    """The lines that show, top down."""
    pad: Line = (("  " * min(depth, 20), "text"),) if depth else ()
    for node in nodes:
        if not node.children:
            yield Flat(node.path, (*pad, *node.head), folds=False)
        elif node.path in folded:
            yield Flat(node.path, (*pad, *node.head, *node.brief), folds=True)
        else:
            yield Flat(node.path, (*pad, *node.head), folds=True)
            yield from flatten(node.children, folded, depth + 1)
            if node.end:
                yield Flat(node.path, (*pad, *node.end), folds=True)


def shut(nodes: Sequence[Node]) -> Iterator[str]:
    """The paths of what is folded until it is opened."""
    for node in nodes:
        if node.shut:
            yield node.path
        yield from shut(node.children)


def texts(path: str, lines: Sequence[str], words: str = "text") -> list[Node]:
    """Plain lines as nodes."""
    return [Node(f"{path}/{i}", ((line, words),)) for i, line in enumerate(lines)]


def json_nodes(path: str, raw: bytes) -> list[Node]:
    """JSON as a tree; what is too big, too deep or no JSON is shown as text."""
    text = raw[:TOO_BIG].decode("utf-8", "replace")
    if len(raw) > TOO_BIG:
        return texts(path, [f"{len(raw):,} bytes, the first {TOO_BIG:,}:", *clean_lines(text, width=WIDE)])
    try:
        value: _Json = json.loads(
            text, object_pairs_hook=_Object, parse_int=_Number, parse_float=_Number, parse_constant=_Number
        )
        return [_node(path, (), value, "", 0)]
    except (ValueError, RecursionError):
        return texts(path, clean_lines(text, width=WIDE))


def _node(path: str, label: Line, value: _Json, comma: str, depth: int) -> Node:
    if depth >= DEEP:
        return Node(path, (*label, ("… deeper than this screen goes", "muted")))
    if isinstance(value, _Object):
        fields = [(_key(key), item) for key, item in value.pairs]
        return _branch(path, (label, "{}", comma), fields, depth)
    if isinstance(value, list):
        return _branch(path, (label, "[]", comma), [((), item) for item in value], depth)
    return Node(path, (*label, _scalar(value), (comma, "muted")))


def _branch(path: str, frame: tuple[Line, str, str], items: "Sequence[tuple[Line, _Json]]", depth: int) -> Node:
    """`frame` is the label before the bracket, the two brackets, and the comma after the closing one."""
    label, signs, comma = frame
    if not items:
        return Node(path, (*label, (signs + comma, "muted")))
    last = len(items) - 1
    children = tuple(
        _node(f"{path}/{i}", name, item, "" if i == last else ",", depth + 1) for i, (name, item) in enumerate(items)
    )
    count = things(len(items), "field" if signs == "{}" else "item")
    brief: Line = ((f" {count} {signs[1]}{comma}", "muted"),)
    return Node(path, (*label, (signs[0], "muted")), children, ((signs[1] + comma, "muted"),), brief)


def _key(key: str) -> Line:
    return ((json.dumps(key, ensure_ascii=False)[:WIDE], "key"), (": ", "muted"))


def _scalar(value: _Number | str | bool | None) -> Span:
    if isinstance(value, _Number):
        return clean(value, WIDE), "number"
    if isinstance(value, str):
        cut = f" … {len(value) - WIDE:,} more characters" if len(value) > WIDE else ""
        return clean(json.dumps(value[:WIDE], ensure_ascii=False), 2 * WIDE) + cut, "string"
    return json.dumps(value), "word"
