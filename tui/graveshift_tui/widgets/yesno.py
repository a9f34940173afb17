"""A question with two answers, of which No is the one that a hasty enter gives."""

from collections.abc import Callable, Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen

from graveshift_tui.widgets.paint import Line, Lines

EVERY_S: Final = 0.5


class YesNo(ModalScreen[bool], inherit_bindings=False):
    """True for yes. `anew` says what is asked by what is known now, where that changes while it is open."""

    DEFAULT_CSS = """
    YesNo { align: center middle; background: transparent; }
    YesNo > Vertical {
        width: 66; max-width: 100%; height: auto; padding: 0 1; background: $background; border: round $primary;
    }
    """

    def __init__(
        self, lines: Sequence[Line], yes: str, no: str, anew: Callable[[], Sequence[Line]] | None = None
    ) -> None:
        super().__init__()
        self.said = lines
        self.yes = yes
        self.no = no
        self._anew = anew

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical():
            yield Lines(self._lines())

    def on_mount(self) -> None:
        """What is said follows what is known."""
        if self._anew is not None:
            self.set_interval(EVERY_S, self._renew)

    def _renew(self) -> None:
        if self._anew is not None:
            self.said = self._anew()
            self.query_one(Lines).show(self._lines())

    def _lines(self) -> list[Line]:
        answers: Line = (
            (f" ›n  {self.no} ", "bold text on cursor"),
            ("   ", "text"),
            (f" y  {self.yes} ", "bold text"),
        )
        return [(), *self.said, (), answers]

    def on_key(self, event: Key) -> None:
        """y is yes; n, escape and enter are no."""
        event.stop()
        if event.key in ("y", "n", "escape", "enter", "ctrl+c"):
            self.dismiss(event.key == "y")
