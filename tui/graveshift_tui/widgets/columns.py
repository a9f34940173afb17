"""How a row becomes a line: columns of fixed and shared widths, less of them where the screen is narrow."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from graveshift_tui.format import fit
from graveshift_tui.widgets.paint import Line, Span

Cell: TypeAlias = str | Span


class Column(Struct, frozen=True):
    """`width` 0 shares what the others leave, by `weight`; shown where the screen has `from_width` cells at least.

    `cell` gets the row, the width it has and the server's time.
    """

    title: str
    cell: Callable[[object, int, datetime], Cell]
    width: int = 0
    right: bool = False
    from_width: int = 0
    weight: int = 1


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


def line(columns: Sequence[Column], row: object, *, width: int, now: datetime, tone: str, prefix: Span) -> Line:
    """One row; cells that name no style take the row's `tone`."""
    spans: list[Span] = [prefix]
    for column, cells in widths(columns, width):
        cell = column.cell(row, cells, now)
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
