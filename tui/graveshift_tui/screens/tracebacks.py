"""A traceback read from the cause on: the innermost frame of one's own first, libraries folded, chains in words."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from msgspec import Struct

from graveshift_tui.format import things
from graveshift_tui.sanitize import clean, clean_lines
from graveshift_tui.widgets.tree import Node, texts

SHOWN, MOST, WIDTH, PART, HUGE = 200, 20_000, 500, 1000, 1_000_000
CHAINED: Final = re.compile(
    r"\n((?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):)\n"
)
FRAME: Final = re.compile(
    r'^ {2}File "([^"\n]{1,1000})", line (\d{1,9})(?:, in ([^\n]{1,200}))?\n((?: {4}[^\n]*\n)*)', re.M
)
LIBRARY: Final = re.compile(r"(?:site|dist)-packages/|/lib(?:64)?/python3|^<frozen |/graveshift/worker/")


class Frame(Struct, frozen=True):
    """A place in code, and the lines that stood there."""

    path: str
    line: str
    function: str
    source: str

    @property
    def is_own(self) -> bool:
        """Neither the standard library, nor a package, nor the worker that called."""
        return LIBRARY.search(self.path) is None


@lru_cache(4)
def traceback_nodes(text: str) -> tuple[Node, ...]:
    """The last exception of a chain first; what is no traceback of Python stays as it is."""
    if len(text) > HUGE or not FRAME.search(text):
        return long_text("trace", text)
    blocks = CHAINED.split(text)
    parts: list[Node] = []
    for at in range(len(blocks) - 1, -1, -2):
        parts += _block(f"trace/{at}", blocks[at])
        if at > 0:
            words = "it came of:" if "direct cause" in blocks[at - 1] else "while this was handled:"
            parts.append(Node(f"trace/{at}/of", ((words, "muted"),)))
    return (*parts, Node("trace/raw", (("as it came", "muted"),), long_text("trace/raw", text), shut=True))


def long_text(path: str, text: str) -> tuple[Node, ...]:
    """The first lines, and the rest folded in parts; of a huge text the end is left to the command line."""
    lines = clean_lines(text, MOST, WIDTH)
    first = texts(path, lines[:SHOWN])
    return (*first, *_rest(path, lines))


def _rest(path: str, lines: Sequence[str]) -> Iterator[Node]:
    for start in range(SHOWN, len(lines), PART):
        part = lines[start : start + PART]
        head = f"+ {things(len(part), 'more line')}"
        yield Node(f"{path}/from{start}", ((head, "accent"),), tuple(texts(f"{path}/{start}", part)), shut=True)


def _block(path: str, block: str) -> Iterator[Node]:
    """The exception in its own words, then its frames from within outward."""
    frames = [Frame(*found) for found in FRAME.findall(block)]
    said = block[max((found.end() for found in FRAME.finditer(block)), default=0) :].strip("\n")
    lines = clean_lines(said, SHOWN, WIDTH)
    yield Node(f"{path}/said", ((lines[0], "crit"),), tuple(texts(f"{path}/said", lines[1:])))
    inward = frames[::-1]
    first = next((frame for frame in inward if frame.is_own), None)
    if first is not None:
        yield _frame(f"{path}/first", first, "bold text")
    rest = [frame for frame in inward if frame is not first]
    for at, (own, group) in enumerate(groupby(rest, key=lambda frame: frame.is_own)):
        here = tuple(_frame(f"{path}/{at}/{i}", frame, "text" if own else "muted") for i, frame in enumerate(group))
        if own:
            yield from here
        else:
            yield Node(f"{path}/{at}", ((things(len(here), "library frame"), "muted"),), here, shut=True)


def _frame(path: str, frame: Frame, words: str) -> Node:
    name = "/".join(frame.path.split("/")[-2:])
    head = clean(f"{name}:{frame.line} {frame.function}".strip(), WIDTH)
    lines = [line for line in clean_lines(frame.source, 20, WIDTH) if line.strip(" ~^")]
    return Node(path, ((head, words),), tuple(texts(path, lines, "muted")))
