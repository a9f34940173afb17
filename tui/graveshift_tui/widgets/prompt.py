"""The line at the bottom where commands and filters are typed."""

from collections.abc import Awaitable, Callable, Sequence

from textual import on
from textual.events import Key
from textual.message import Message
from textual.suggester import Suggester, SuggestFromList
from textual.widgets import Input
from textual.widgets.input import Selection

from graveshift.wire.filters import Span


class Prompt(Input):
    """`sign` is `:` or `/`; enter gives the text, escape gives it up.

    What `takes` says no to, and why, stays to be mended; where it says a part of the text, that is selected. Tab ends
    the word as it is suggested.
    """

    DEFAULT_CSS = """
    Prompt { dock: bottom; height: 1; border: none; padding: 0 1; background: $panel; }
    Prompt:focus { border: none; }
    """

    class Entered(Message):
        """A text was typed; None where it was given up."""

        def __init__(self, sign: str, text: str | None) -> None:
            super().__init__()
            self.sign = sign
            self.text = text

    def __init__(
        self,
        sign: str,
        value: str = "",
        words: Sequence[str] = (),
        placeholder: str = "",
        *,
        takes: Callable[[str], bool | Awaitable[bool | Span]] | None = None,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__(
            value,
            placeholder=placeholder,
            suggester=suggester or (SuggestFromList(words) if words else None),
            select_on_focus=False,
            id="prompt",
        )
        self.sign = sign
        self.takes = takes
        self.is_leaving = False
        self.cursor_blink = False

    def on_mount(self) -> None:
        """Ready to type."""
        self.focus()

    async def on_key(self, event: Key) -> None:
        """Escape, and deleting past the start, give up."""
        if event.key in ("escape", "ctrl+c") or (event.key == "backspace" and not self.value):
            event.stop()
            event.prevent_default()
            self.is_leaving = True
            self.post_message(self.Entered(self.sign, None))
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            self.action_cursor_right()

    async def action_submit(self) -> None:
        """What is typed from now on is not for this prompt."""
        verdict = True if self.takes is None else self.takes(self.value)
        taken = await verdict if isinstance(verdict, Awaitable) else verdict
        self.is_leaving = taken is True
        if isinstance(taken, Span):
            self.selection = Selection(taken.offset, taken.offset + taken.length)
        if not self.is_leaving:
            return
        await super().action_submit()

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(self.sign, self.value))
