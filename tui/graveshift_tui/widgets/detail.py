"""One thing in full: a document of lines with a cursor, foldable where lines lie beneath a line."""

from collections.abc import Sequence

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from graveshift_tui.widgets.finding import rows_with
from graveshift_tui.widgets.paint import palette_of, strip_of, wrapped
from graveshift_tui.widgets.tree import Flat, Node, flatten, shut

MARGIN = 3
"""Cells before a line: the cursor, and the sign of a fold."""


class Detail(ScrollView, can_focus=True, inherit_bindings=False):
    """Keeps its place and its folds while the document beneath is renewed."""

    DEFAULT_CSS = """
    Detail {
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; scrollbar-gutter: stable;
        overflow-x: hidden; overflow-y: auto;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self._turned: frozenset[str] = frozenset()
        """What is folded and was open at first, or the other way round."""
        self._document: Sequence[Node] = ()
        self._flat: list[Flat] = []

    def show(self, nodes: Sequence[Node]) -> None:
        """Shows a document; one equal to the last costs nothing."""
        if nodes != self._document:
            self._document = nodes
            self._lay()

    def reset(self) -> None:
        """Back to the top, and all folds as they are at first: another thing is shown."""
        self._turned, self.cursor = frozenset(), 0
        self.scroll_to(y=0, animate=False, immediate=True)

    def move(self, delta: int) -> None:
        """Moves the cursor by lines."""
        before, self.cursor = self.cursor, max(0, min(self.cursor + delta, len(self._flat) - 1))
        first, height = self.scroll_offset.y, max(1, self.size.height)
        if self.cursor < first:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= first + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)
        for line in {before, self.cursor}:
            self.refresh_line(line)

    def move_page(self, direction: int) -> None:
        """Moves the cursor by a screen."""
        self.move(direction * max(1, self.size.height - 1))

    def toggle_fold(self) -> None:
        """Folds what lies beneath the cursor's line, or opens it."""
        if self._flat and self._flat[self.cursor].folds:
            self._turn(self._turned ^ {self._flat[self.cursor].path})

    def find(self, words: str) -> tuple[int, int] | None:
        """Opens all folds and goes to the next row with these words, from the last to the first; which of how many."""
        rows = rows_with(words, self._document, self._width)
        if not rows:
            return None
        if self._turned != (opened := frozenset(shut(self._document))):
            self._turn(opened)
        at = next((at for at, row in enumerate(rows) if row > self.cursor), 0)
        self.move(rows[at] - self.cursor)
        return at + 1, len(rows)

    def render_line(self, y: int) -> Strip:
        """The line of the document at a line of the window."""
        index, width, palette = self.scroll_offset.y + y, self.size.width, palette_of(self)
        if index >= len(self._flat):
            return strip_of((), width, palette)
        flat = self._flat[index]
        sign = ("▸ " if flat.folded else "▾ ") if flat.folds and flat.line[-1][0] != "" else "  "
        behind = "cursor" if index == self.cursor else "background"
        cursor = ("›" if index == self.cursor else " ", "accent")
        return strip_of((cursor, (sign, "faint"), *flat.line), width, palette, behind=behind)

    def on_resize(self) -> None:
        """Long lines wrap at the new width."""
        self._lay()

    @property
    def _width(self) -> int:
        """Cells of a line: the last column is the scrollbar's whether it shows or not, which `size` does not say."""
        return max(20, self.scrollable_content_region.width - MARGIN)

    def _turn(self, turned: frozenset[str]) -> None:
        """The cursor stays on its line."""
        here, self._turned = self._flat[self.cursor], turned
        self._lay()
        self.cursor = [flat.path for flat in self._flat].index(here.path)
        self.move(0)
        self.refresh()

    def _lay(self) -> None:
        width = self._width
        self._flat = [part for flat in flatten(self._document, self._turned) for part in _wrapped(flat, width)]
        self.cursor = max(0, min(self.cursor, len(self._flat) - 1))
        self.virtual_size = Size(self.size.width, len(self._flat))
        self.refresh()


def _wrapped(flat: Flat, width: int) -> list[Flat]:
    """A line that is too long goes on beneath itself; only its beginning folds."""
    first, *more = wrapped(flat.line, width)
    return [Flat(flat.path, first, flat.folds, flat.folded), *(Flat(flat.path, line, folds=False) for line in more)]
