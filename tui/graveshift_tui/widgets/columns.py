"""How a row becomes a line: columns of fixed and shared widths, less of them where the screen is narrow."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from msgspec import Struct

from graveshift_tui.format import fit
from graveshift_tui.widgets.paint import Line, Span

Cell: TypeAlias = str | Span

T = TypeVar("T")
V = TypeVar("V")


class At(Struct, frozen=True):
    """How many cells there are, and the server's time; `gained` is how much a row grew since it was looked at."""

    width: int
    now: datetime
    gained: int = 0


class Column(Struct, frozen=True):
    """`width` 0 shares what the others leave, by `weight`; shown where the screen has `from_width` cells at least."""

    title: str
    cell: Callable[[Struct, At], Cell]
    width: int = 0
    right: bool = False
    from_width: int = 0
    weight: int = 1


def solo(kind: type[T], of: Callable[[T], V]) -> Callable[[Struct], V]:
    """`of` for rows of which only the card knows the kind."""

    def checked(row: Struct) -> V:
        if not isinstance(row, kind):
            raise TypeError(f"{type(row).__name__} is no {kind.__name__}")
        return of(row)

    return checked


def pair(kind: type[T], of: Callable[[T, At], V]) -> Callable[[Struct, At], V]:
    """The same for what depends on width and time."""

    def checked(row: Struct, at: At) -> V:
        if not isinstance(row, kind):
            raise TypeError(f"{type(row).__name__} is no {kind.__name__}")
        return of(row, at)

    return checked


def widths(columns: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    """The columns that show on `width` cells, with their widths; one blank lies between two."""
    shown = [column for column in columns if column.from_width <= width]
    flexible = [column for column in shown if not column.width]
    rest = max(0, width - 2 - sum(column.width for column in shown) - len(shown))
    parts = sum(column.weight for column in flexible) or 1
    sized = [(c, c.width or rest * c.weight // parts) for c in shown]
    if flexible:
        at = next(i for i, (column, _) in enumerate(sized) if not column.width)
        sized[at] = (sized[at][0], sized[at][1] + rest - sum(w for c, w in sized if not c.width))
    return sized


def heading(columns: Sequence[Column], width: int) -> Line:
    """The titles above a table."""
    titles = (fit(column.title, w, right=column.right) for column, w in widths(columns, width))
    return (("  " + " ".join(titles), "muted"),)


def line(columns: Sequence[Column], row: Struct, *, width: int, now: datetime, tone: str, prefix: Span) -> Line:
    """One row; cells that name no style take the row's `tone`."""
    spans: list[Span] = [prefix]
    for column, cells in widths(columns, width):
        cell = column.cell(row, At(cells, now))
        text, words = (cell, tone) if isinstance(cell, str) else (cell[0], cell[1] or tone)
        spans.append((fit(text, cells, right=column.right) + " ", words))
    return _joined(spans)


def _joined(spans: Sequence[Span]) -> Line:
    """Neighbours of one style become one span: one escape sequence less on the wire."""
    joined: list[Span] = []
    for text, words in spans:
        if joined and (joined[-1][1] == words or not text.strip()):
            joined[-1] = (joined[-1][0] + text, joined[-1][1])
        else:
            joined.append((text, words))
    return tuple(joined)
