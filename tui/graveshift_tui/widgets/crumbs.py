"""The line of crumbs: the way here, the filter, marks, how many, how old; and what gives way where it is narrow."""

from typing import Final

from msgspec import Struct
from rich.cells import cell_len

from graveshift_tui.format import ending, fit
from graveshift_tui.widgets.paint import Line, Span, spread, width_of

ORDER: Final = 1
NEWS: Final = 2
"""These go before the way here is shortened, in this order."""
ASIDE: Final = 3
"""These go when the filter is short already."""
WAY: Final = 12
BEGUN: Final = 10
"""Cells of the way here, and of the filter, below which something else goes first."""
LONGEST: Final = 40


class Told(Struct, frozen=True):
    """What a screen says of itself: `filter` with its sign, and parts with when they go; never where that is 0."""

    filter: str = ""
    parts: tuple[tuple[int, Span], ...] = ()

    def without(self, rank: int) -> "Told":
        """The same without the parts of this rank."""
        return Told(self.filter, tuple(part for part in self.parts if part[0] != rank))

    def cut(self, cells: int) -> "Told":
        """The same with a filter of so many cells at most."""
        return Told(fit(self.filter, max(0, min(cell_len(self.filter), cells))), self.parts)

    @property
    def line(self) -> Line:
        """As it is shown."""
        filtered: Line = ((f" {self.filter}", "accent"),) if self.filter else ()
        return (*filtered, *(span for _, span in self.parts))


def crumbs(way: str, told: Told, fresh: Line, width: int) -> Line:
    """The order gives way first, then news, the way's beginning, the filter's end; never marks, or how old it is."""

    def over() -> int:
        return 2 + cell_len(way) + width_of(told.line) + width_of(fresh) - width

    told = told.cut(LONGEST)
    for rank in (ORDER, NEWS):
        told = told.without(rank) if over() > 0 else told
    way = ending(way, max(WAY, cell_len(way) - over())) if over() > 0 else way
    told = told.cut(max(BEGUN, cell_len(told.filter) - over())) if over() > 0 else told
    told = told.without(ASIDE) if over() > 0 else told
    way = ending(way, max(2, cell_len(way) - over())) if over() > 0 else way
    told = told.cut(max(2, cell_len(told.filter) - over())) if over() > 0 else told
    return spread(((f" {way}", "bold heading"),), (*told.line, *fresh), width)
