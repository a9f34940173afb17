"""The last gate before the terminal: no line of any widget passes with a character that is not printable."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter


class Guard(LineFilter):
    """Texts are cleaned where they are made; this holds where somebody forgot."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, with what would reach the terminal as control replaced by as many cells."""
        if all(segment.text.isprintable() and not segment.control for segment in segments):
            return segments
        return [Segment(_printable(text), style) for text, style, control in segments if not control]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" * cell_len(char) for char in text)
