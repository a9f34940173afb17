"""A dialog for a value that nobody may read over the shoulder: dots are shown for it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from graveshift_tui.widgets.paint import Lines


class HiddenDialog(ModalScreen[str | None]):
    """Answers with the value; None where it was given up."""

    DEFAULT_CSS = """
    HiddenDialog { align: center middle; }
    HiddenDialog > Vertical { width: 72; max-width: 100%; height: auto; padding: 1 2; background: $panel; }
    HiddenDialog Input { border: none; height: 1; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "give_up", "Give up")]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        """What is asked for, and the line."""
        with Vertical():
            yield Lines([((self._words, "text"),)])
            yield Input(password=True, id="hidden")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one(Input).focus()

    def action_give_up(self) -> None:
        """Nothing was given."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value or None)
