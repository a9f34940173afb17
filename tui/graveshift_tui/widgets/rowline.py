"""A row of a table as it looks: under the cursor, marked, bad; and what stands where there is none."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from graveshift_tui.widgets.columns import Column, line
from graveshift_tui.widgets.paint import Line

WAITING: Final[Line] = (("  ·····", "faint"),)


class Look(Struct, frozen=True):
    """`tone` is the style of the row's own state."""

    here: bool
    marked: bool
    tone: str


def listed(columns: Sequence[Column], row: Struct, look: Look, *, width: int, now: datetime) -> Line:
    """Its cells, behind a sign each for the cursor and for a mark or trouble."""
    sign = "●" if look.marked else "!" if look.tone in ("crit", "warn") else " "
    prefix = (("›" if look.here else " ") + sign, "bold mark" if look.marked else look.tone)
    return line(columns, row, width=width, now=now, tone=look.tone, prefix=prefix)


def instead(index: int, size: int, words: Sequence[Line]) -> Line:
    """A placeholder for a row on its way, words where there are no rows, and nothing below the last."""
    if size:
        return WAITING if index < size else ()
    return words[index] if index < len(words) else ()
