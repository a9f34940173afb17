"""A question with two answers, of which No is the one that a hasty enter gives."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen

from graveshift_tui.widgets.paint import Line, Lines


class YesNo(ModalScreen[bool], inherit_bindings=False):
    """True for yes."""

    DEFAULT_CSS = """
    YesNo { align: center middle; background: transparent; }
    YesNo > Vertical {
        width: 66; max-width: 100%; height: auto; padding: 0 1; background: $background; border: round $primary;
    }
    """

    def __init__(self, lines: Sequence[Line], yes: str, no: str) -> None:
        super().__init__()
        self.said = lines
        self.yes = yes
        self.no = no

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        answers: Line = (
            (f" ›n  {self.no} ", "bold text on cursor"),
            ("   ", "text"),
            (f" y  {self.yes} ", "bold text"),
        )
        with Vertical():
            yield Lines([(), *self.said, (), answers])

    def on_key(self, event: Key) -> None:
        """y is yes; n, escape and enter are no."""
        event.stop()
        if event.key in ("y", "n", "escape", "enter", "ctrl+c"):
            self.dismiss(event.key == "y")
