"""The least that a table of a million rows can be in Textual: one plain line per row, and a cursor."""

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.events import Key
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

ROWS = 1_000_000
STEPS = {"j": 1, "k": -1}
PLAIN, HERE = Style(color="#c0c0c0", bgcolor="#101010"), Style(color="#ffffff", bgcolor="#303060")


class Rows(ScrollView, can_focus=True):
    """Every row is its number and some words."""

    DEFAULT_CSS = "Rows { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden; }"
    cursor = 0

    def on_mount(self) -> None:
        """As tall as it is."""
        self.virtual_size = Size(self.size.width, ROWS)

    def render_line(self, y: int) -> Strip:
        """One segment."""
        index, width = self.scroll_offset.y + y, self.size.width
        words = f"  {index:>9}  webhooks    post_hook   ConnectTimeout: POST timed out after {index % 97}s".ljust(width)
        return Strip([Segment(words[:width], HERE if index == self.cursor else PLAIN)], width)

    def on_key(self, event: Key) -> None:
        """A row, a page, or an end."""
        height = self.size.height
        steps = {**STEPS, "pagedown": height - 1, "pageup": 1 - height, "G": ROWS, "g": -ROWS}
        if event.key in steps or event.character in steps:
            self.move(steps.get(event.key) or steps[event.character or ""])

    def move(self, delta: int) -> None:
        """The cursor, and the window where it must."""
        self.cursor = max(0, min(self.cursor + delta, ROWS - 1))
        first = self.scroll_offset.y
        wanted = max(min(first, self.cursor), self.cursor - self.size.height + 1)
        if wanted != first:
            self.scroll_to(y=wanted, animate=False, immediate=True)
        self.refresh()


class Floor(App[None]):
    """The table alone."""

    def compose(self) -> ComposeResult:
        """It fills the screen."""
        yield Rows()


if __name__ == "__main__":
    Floor().run()
