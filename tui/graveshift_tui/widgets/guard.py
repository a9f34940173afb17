"""The last gate before the terminal: no line of any widget passes with a character that is not printable."""

from rich.cells import cell_len, split_text
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter


class Piece(Segment):
    """A segment that forgets how it was cut.

    Of any other segment that holds an ellipsis or an arrow rich keeps 16,384 cuts, text and all: a night of lines that
    change each second is 20 MB.
    """

    __slots__ = ()

    def split_cells(self, cut: int) -> tuple[Segment, Segment]:
        """Both sides of a cell; a wide character across it becomes a space on either side."""
        before, after = split_text(self.text, cut) if cut < self.cell_length else (self.text, "")
        return Piece(before, self.style, self.control), Piece(after, self.style, self.control)


class Guard(LineFilter):
    """Texts are cleaned where they are made; this holds where somebody forgot."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same, as pieces, with what would reach the terminal as control replaced by as many cells."""
        return [Piece(_printable(text), style) for text, style, control in segments if not control]


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" * cell_len(c) for c in text)
