"""A document of foldable lines; what is folded from the start need not be made before it is opened."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from graveshift_tui.widgets.paint import Line


class Node(Struct, frozen=True):
    """A line with lines beneath it; `end` closes it while it is open, `path` names it for folding.

    One that is `shut` is folded until it is opened; what is beneath it may come `later`: the same each time.
    """

    path: str
    head: Line
    children: "tuple[Node, ...]" = ()
    end: Line = ()
    brief: Line = ()
    shut: bool = False
    later: "Callable[[], tuple[Node, ...]] | None" = None

    @property
    def beneath(self) -> "tuple[Node, ...]":
        """Made now, where it was not before."""
        return self.children if self.later is None else self.later()


class Flat(Struct, frozen=True):
    """One visible line of a document."""

    path: str
    line: Line
    folds: bool
    folded: bool = False


def flatten(nodes: Sequence[Node], turned: frozenset[str], depth: int = 0) -> Iterator[Flat]:
    """The lines that show, top down; `turned` are paths that are not as they are at first, but open or folded."""
    pad: Line = (("  " * min(depth, 20), "text"),) if depth else ()
    for node in nodes:
        if not node.children and node.later is None:
            yield Flat(node.path, (*pad, *node.head), folds=False)
        elif node.shut != (node.path in turned):
            yield Flat(node.path, (*pad, *node.head, *node.brief), folds=True, folded=True)
        else:
            yield Flat(node.path, (*pad, *node.head), folds=True)
            yield from flatten(node.beneath, turned, depth + 1)
            if node.end:
                yield Flat(node.path, (*pad, *node.end), folds=True)


def shut(nodes: Sequence[Node]) -> Iterator[str]:
    """The paths of all that is folded until it is opened; turned, nothing is."""
    for node in nodes:
        if node.shut:
            yield node.path
        yield from shut(node.beneath)


def texts(path: str, lines: Sequence[str], words: str = "text") -> list[Node]:
    """Plain lines as nodes."""
    return [Node(f"{path}/{i}", ((line, words),)) for i, line in enumerate(lines)]
