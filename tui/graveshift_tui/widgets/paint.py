"""Lines of styled spans, painted so that only what changed in a line goes over the wire."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from graveshift_tui.sanitize import clean
from graveshift_tui.theme import Palette

Span: TypeAlias = tuple[str, str]
"""Text, and the words of its style as `Palette.style` takes them."""
Line: TypeAlias = tuple[Span, ...]


def palette_of(widget: Widget) -> Palette:
    """The palette of the app a widget is in."""
    palette = getattr(widget.app, "palette", None)
    if not isinstance(palette, Palette):
        raise TypeError("this widget lives in an app with a palette")
    return palette


def strip_of(line: Line, width: int, palette: Palette, *, behind: str = "background") -> Strip:
    """A line as exactly `width` cells; every span is cleaned here, whoever made it."""
    segments = [
        Segment(clean(text), palette.style(words if " on " in words else f"{words} on {behind}"))
        for text, words in line
        if text
    ]
    return Strip(segments).adjust_cell_length(width, palette.style(f"text on {behind}")).simplify()


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of a line; where both do not fit, the right end goes."""
    gap = width - width_of(left) - width_of(right)
    return (*left, (" " * gap, "text"), *right) if gap >= 1 else left


def wrapped(line: Line, width: int) -> list[Line]:
    """The line as lines of at most `width` cells; what is carried over is indented a little further than its first."""
    if width_of(line) <= width:
        return [line]
    text = "".join(clean(part) for part, _ in line)
    pad = min(len(text) - len(text.lstrip(" ")) + 2, max(0, width // 2))
    lines: list[Line] = []
    now: list[Span] = []
    used = 0
    for part, words in line:
        left = clean(part)
        while left:
            here, left = _cut(left, width - used) if used < width else ("", left)
            if not here:
                lines.append(tuple(now))
                now, used = [(" " * pad, "text")], pad
                continue
            now.append((here, words))
            used += cell_len(here)
    return [*lines, tuple(now)]


def _cut(text: str, cells: int) -> tuple[str, str]:
    """What fits, and the rest; nothing fits where the line is full."""
    if cell_len(text) <= cells:
        return text, ""
    if cells <= 1:
        return "", text
    end = cells
    while cell_len(text[:end]) > cells:
        end -= 1
    return text[:end], text[end:]


def width_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(clean(text)) for text, _ in line)


def changed(before: Strip | None, after: Strip, width: int) -> tuple[int, int] | None:
    """The first and last cell (exclusive) in which two strips differ, or None."""
    if before is None:
        return 0, width
    if before == after:
        return None
    if _ends_differ(before, after):
        return 0, width
    old, new = _cells(before), _cells(after)
    differ = [x for x, (a, b) in enumerate(zip_longest(old, new)) if a != b]
    return (differ[0], differ[-1] + 1) if differ else None


def _ends_differ(before: Strip, after: Strip) -> bool:
    """Both the first and the last cell have another style: that of a row under the cursor differs in all its cells."""
    old, new = list(before), list(after)
    return bool(old and new) and old[0].style != new[0].style and old[-1].style != new[-1].style


def _cells(strip: Strip) -> list[tuple[str, object]]:
    """One entry per cell; the second cell of a wide character is empty."""
    cells: list[tuple[str, object]] = []
    for text, style, _ in strip:
        for char in text:
            size = cell_len(char)
            if size:
                cells += [(char, style), *([("", style)] * (size - 1))]
            elif cells:
                cells[-1] = (cells[-1][0] + char, style)
    return cells


class Lines(Widget):
    """Shows lines; a line that stays the same costs nothing, one that changes only its changed middle."""

    DEFAULT_CSS = "Lines { height: auto; }"

    def __init__(self, lines: Iterable[Line] = (), *, id: str | None = None, behind: str = "background") -> None:
        super().__init__(id=id)
        self.behind = behind
        self._lines: list[Line] = list(lines)
        self._strips: list[Strip] = []
        self._strips_for: tuple[int, str] = (-1, "")

    @property
    def lines(self) -> list[Line]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Shows `lines` instead, repainting only what differs."""
        if lines == self._lines:
            return
        resized = len(lines) != len(self._lines)
        self._lines = list(lines)
        if resized or not self.is_mounted or self._strips_for != self._current():
            self._strips_for = (-1, "")
            self.refresh(layout=resized)
            return
        palette, width = palette_of(self), self.size.width
        for y, line in enumerate(self._lines):
            strip = strip_of(line, width, palette, behind=self.behind)
            extent = changed(self._strips[y], strip, width)
            if extent:
                self._strips[y] = strip
                self.refresh(Region(extent[0], y, extent[1] - extent[0], 1))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """One row per line."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """The line at row `y`, or a blank one."""
        if self._strips_for != self._current():
            palette, width = palette_of(self), self.size.width
            self._strips = [strip_of(line, width, palette, behind=self.behind) for line in self._lines]
            self._strips_for = self._current()
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, palette_of(self).style(f"text on {self.behind}"))

    def _current(self) -> tuple[int, str]:
        return self.size.width, palette_of(self).name
