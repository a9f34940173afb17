"""Pick one of several: the palette, which secret, which run, how long."""

from collections.abc import Callable, Sequence
from textwrap import wrap

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input

from graveshift_tui.format import fit
from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.paint import Line, Lines

ROWS = 14
BOX, EDGES = 66, 4
"""Cells of the box, and those of them that border and padding take."""


class Choice(Struct, frozen=True):
    """`value` is what is returned; `why_not` says why it cannot be taken now."""

    value: str
    title: str
    hint: str = ""
    why_not: str | None = None


class Narrow(Input):
    """Says that enter was pressed before the next key is dealt with, and not with a message that comes after it."""

    async def action_submit(self) -> None:
        """Enter."""
        if isinstance(self.screen, Chooser):
            self.screen.entered(self.value)
        await super().action_submit()


class Chooser(ModalScreen[tuple[str, str] | None], inherit_bindings=False):
    """Type to narrow, enter to take; returns the value and what was typed into the note.

    `noted` stands in the note already. `typed` makes a choice of what was typed, where that is a value by itself: it
    comes first. Text that is none then takes no offer by itself, and `looks` says what a value looks like, or
    `why_not` of that very text.
    """

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    Chooser { align: center top; background: transparent; }
    Chooser > Vertical {
        width: 66; max-width: 100%; height: auto; margin-top: 2; padding: 0 1;
        background: $background; border: round $primary;
    }
    Chooser Input { height: 1; border: none; padding: 0; background: $panel; }
    Chooser Input:focus { border: none; }
    """

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        note: str | None = None,
        noted: str = "",
        typed: Callable[[str], Choice | None] | None = None,
        looks: str = "",
        why_not: Callable[[str], str] | None = None,
        placeholder: str = "type to narrow",
    ) -> None:
        super().__init__()
        self.typed = typed
        self.looks = looks
        self.why_not = why_not
        self.placeholder = placeholder
        self.question = title
        self.choices = choices
        self.note = note
        self.noted = clean(noted, 500)
        self.ready: Callable[[], None] = lambda: None
        """Called once it can be typed into."""
        self.taken: Callable[[], None] = lambda: None
        """Called as soon as one is taken, before what comes of it."""
        self.at = 0

    def compose(self) -> ComposeResult:
        """Title, what to type, the choices."""
        with Vertical():
            yield Lines([((part, "bold heading"),) for part in wrap(clean(self.question, 600), self._width)])
            yield Narrow(id="narrow", placeholder=self.placeholder, select_on_focus=False)
            yield Lines(self._rows(self.choices), id="choices")
            if self.note is not None:
                yield Input(self.noted, id="note", placeholder=self.note, max_length=500, select_on_focus=False)
            yield Lines([(("⏎", "bold accent"), (" take   ", "muted"), ("esc", "bold accent"), (" leave", "muted"),
                          ("   tab reason" if self.note is not None else "", "muted"))])  # fmt: skip

    def on_mount(self) -> None:
        """Ready to type."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.query_one("#narrow", Input).focus()
        # A focus is given by a call of the app: this one comes after it.
        self.app.call_later(self.ready)

    @property
    def _width(self) -> int:
        return max(20, min(BOX, self.app.size.width) - EDGES)

    @property
    def text(self) -> str:
        """What was typed."""
        return self.query_one("#narrow", Input).value.strip()

    @property
    def found(self) -> list[Choice]:
        """What was typed as a value or as the whole name of a choice, then the choices that hold every typed word."""
        return self._fitting(self.text)

    def _fitting(self, text: str) -> list[Choice]:
        own, words = self._named(text), text.lower().split()
        found = [c for c in self.choices if all(word in f"{c.title} {c.value}".lower() for word in words)]
        return found if own is None else [own, *(c for c in found if c.value != own.value and c.title != own.title)]

    @property
    def is_unclear(self) -> bool:
        """Something was typed where values are typed, and it is none: nothing may be taken for it."""
        return self._is_unclear(self.text)

    def _is_unclear(self, text: str) -> bool:
        return self.typed is not None and text != "" and self._named(text) is None

    def _named(self, text: str) -> Choice | None:
        """The value that was typed, else the choice whose value or title was typed in full."""
        own = self.typed(text) if self.typed is not None and text else None
        named = (c for c in self.choices if text and text.lower() in (c.value.lower(), c.title.lower()))
        return own or next(named, None)

    def on_key(self, event: Key) -> None:
        """Keys that the field did not take; the rest goes on to its own bindings."""
        keys: dict[str, Callable[[], object]] = {
            "escape": lambda: self.dismiss(None),
            "ctrl+c": lambda: self.dismiss(None),
            "down": lambda: self._move(1),
            "ctrl+n": lambda: self._move(1),
            "up": lambda: self._move(-1),
            "ctrl+p": lambda: self._move(-1),
            "tab": self._next_field,
            "shift+tab": self._next_field,
        }
        if event.key in keys:
            event.stop()
            keys[event.key]()

    def _next_field(self) -> None:
        if self.note is not None:
            narrow = self.query_one("#narrow", Input)
            (self.query_one("#note", Input) if self.focused is narrow else narrow).focus()

    @on(Input.Changed, "#narrow")
    def _narrow(self) -> None:
        self.at = -1 if self.is_unclear else 0
        self._tell()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        narrow = self.query_one("#narrow", Input)
        # What stood there when enter was pressed; keys that were typed after it may have reached the field since.
        chosen = self._meant(event.value.strip() if event.input is narrow else self.text)
        if chosen is None:
            self.ready()
            return
        note = self.query_one("#note", Input).value.strip() if self.note is not None else ""
        self.dismiss((chosen.value, note))

    def entered(self, text: str) -> None:
        """Enter was pressed at `text`: where that takes something, it is known at once."""
        if self._meant(text.strip()) is not None:
            self.taken()

    def _meant(self, text: str) -> Choice | None:
        """What enter takes at this text: the choice that the cursor is on, of a text that has moved on the first."""
        at = self.at if text == self.text else -1 if self._is_unclear(text) else 0
        found = self._fitting(text)
        return found[at] if found and at >= 0 else None

    def _move(self, delta: int) -> None:
        self.at = max(0, min(self.at + delta, len(self.found) - 1))
        self._tell()

    def _tell(self) -> None:
        self.query_one("#choices", Lines).show(self._rows(self.found, unclear=self.is_unclear))

    def _rows(self, found: Sequence[Choice], *, unclear: bool = False) -> list[Line]:
        """Cut to a width that is known before the box is laid out, so that its first frame is right."""
        width = self._width
        first = max(0, min(self.at - ROWS + 1, len(found) - ROWS))
        lines = [self._line(c, width, here=first + i == self.at) for i, c in enumerate(found[first : first + ROWS])]
        if unclear:
            why = self.why_not(self.text) if self.why_not else self.looks
            said = (f"{fit(self.text, min(len(self.text), 40)).rstrip()} is no value.", why)
            lines = [*(((part, "warn"),) for text in said for part in wrap(clean(text), width)), *lines]
        typed = self.text if self.is_mounted else ""
        silent = "nothing like that" if typed or not self.looks else self.looks
        return lines or [((part, "muted"),) for part in wrap(silent, width)]

    def _line(self, choice: Choice, width: int, *, here: bool) -> Line:
        behind = "cursor" if here else "background"
        hint = fit(choice.hint, min(len(choice.hint), 24))
        title = fit(choice.title, max(8, width - len(hint) - 3))
        tone = "muted" if choice.why_not else "text"
        sign = "›" if here else " "  # a colour is not seen by everybody
        return ((f"{sign} {title}", f"{tone} on {behind}"), (f"{hint} ", f"accent on {behind}"))
