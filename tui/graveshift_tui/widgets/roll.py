"""A window over any number of lines, each of which is painted once for as long as it looks the same."""

from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from graveshift_tui.widgets.paint import changed

EIGHTHS = 8
"""Steps of a scroll bar's end within a cell."""


class Roll(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines by their index. It has no border and no padding, so that what is kept of a line is what is shown of it."""

    DEFAULT_CSS = """
    Roll { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden; overflow-y: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: dict[int, Strip] = {}
        self._strips_for = -1

    def strip(self, index: int) -> Strip:
        """The line at an index, as wide as the window."""
        raise NotImplementedError

    def scrolled(self) -> None:
        """Other lines are in the window now."""

    def render_line(self, y: int) -> Strip:
        """The line at a row of the window."""
        index = self.scroll_offset.y + y
        if index not in self._strips:
            self._strips[index] = self.strip(index)
        return self._strips[index]

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines as they are kept, through the filters of the app and nothing else.

        One that only went up a row is the same strip, which knows how it looks when it is filtered, cut and written.
        """
        if self._strips_for != self.size.width:
            self._strips, self._strips_for = {}, self.size.width
        _, background = self.background_colors
        strips = [self.render_line(y) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, background) for strip in strips]
        return [strip.crop_extend(*crop.column_span, None) for strip in strips]

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Lines out of sight are forgotten.

        The bar moves by as much as is seen of it: it is painted all over for each change of its position.
        """
        if self.show_vertical_scrollbar:
            step = max(1, self.virtual_size.height // (EIGHTHS * max(1, self.size.height)))
            self.vertical_scrollbar.position = new if new >= self.max_scroll_y else new // step * step
        self.refresh()
        first, last = round(new), round(new) + self.size.height
        self._strips = {i: strip for i, strip in self._strips.items() if first <= i < last}
        self.scrolled()

    def into_view(self, index: int) -> None:
        """Scrolls as little as brings a line into the window."""
        first, height = self.scroll_offset.y, max(1, self.size.height)
        wanted = max(min(first, index), index - height + 1)
        if wanted != first:
            self.scroll_to(y=wanted, animate=False, immediate=True)

    def repaint(self, index: int) -> None:
        """Paints the changed middle of one line, or nothing."""
        y = index - self.scroll_offset.y
        if not 0 <= y < self.size.height:
            self._strips.pop(index, None)
            return
        strip = self.strip(index)
        extent = changed(self._strips.get(index), strip, self.size.width)
        self._strips[index] = strip
        if extent:
            self.refresh(Region(extent[0], y, extent[1] - extent[0], 1))

    def repaint_all(self) -> None:
        """The same for every line in the window."""
        first = self.scroll_offset.y
        for index in range(first, first + self.size.height):
            self.repaint(index)

    def repaint_everything(self) -> None:
        """Paints all anew, after a change of theme."""
        self._strips.clear()
        self.refresh()
