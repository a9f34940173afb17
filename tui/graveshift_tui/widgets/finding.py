"""Words in a document: the rows on which they begin."""

import re
from collections.abc import Iterator, Sequence

from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.paint import Line, wrapped
from graveshift_tui.widgets.tree import Node, flatten, shut


def rows_with(words: str, document: Sequence[Node], width: int) -> list[int]:
    """Rows of the document, with nothing folded and long lines wrapped at `width`; upper and lower case are one."""
    wanted, rows, first = re.compile(re.escape(words), re.IGNORECASE), [], 0
    for flat in flatten(document, frozenset(shut(document))):
        lines = wrapped(flat.line, width)
        rows += sorted({first + row for row in _rows_of(wanted, lines)})
        first += len(lines)
    return rows


def _rows_of(wanted: re.Pattern[str], lines: Sequence[Line]) -> Iterator[int]:
    """The rows of one line: words may begin on one row and end on the next."""
    # What a row that carries on begins with is its indent.
    texts = ["".join(clean(part) for part, _ in line[at > 0 :]) for at, line in enumerate(lines)]
    row, end = 0, len(texts[0])
    for found in wanted.finditer("".join(texts)):
        while found.start() >= end and row + 1 < len(texts):
            row += 1
            end += len(texts[row])
        yield row
