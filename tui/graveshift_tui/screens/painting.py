"""Everything drawn anew, in other colours."""

from collections.abc import Iterable
from typing import Any

from textual.screen import Screen

from graveshift_tui.widgets.paint import Lines
from graveshift_tui.widgets.table import Table


def repaint(screens: Iterable[Screen[Any]]) -> None:
    """Tables and lines keep what they painted; this throws it away."""
    for screen in screens:
        for table in screen.query(Table):
            table.repaint_everything()
        for lines in screen.query(Lines):
            lines.refresh()
