"""The line at the bottom where commands and filters are typed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from textual import on
from textual.events import Key
from textual.message import Message
from textual.suggester import Suggester, SuggestFromList, SuggestionReady
from textual.widgets import Input
from textual.widgets.input import Selection

from graveshift.wire.filters import Span

TURNS: Final = {"down": 1, "up": -1}


class Choices(Suggester):
    """Of several endings it suggests one, and then those beside it."""

    def turned(self, text: str, by: int) -> str | None:
        """Another ending of this text; None where there is no other."""
        raise NotImplementedError


class Prompt(Input):
    """`sign` is `:` or `/`; enter gives the text, escape gives it up.

    What `takes` says no to, and why, stays to be mended; where it says a part of the text, that is selected. Tab ends
    the word as it is suggested, and down and up suggest others.
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
        elif event.key in TURNS and isinstance(self.suggester, Choices):
            event.stop()
            event.prevent_default()
            if other := self.suggester.turned(self.value, TURNS[event.key]):
                self.post_message(SuggestionReady(self.value, other))

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
