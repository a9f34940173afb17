"""What lies over a screen for a moment: help, palette, the line to type in, a choice."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from textual.app import App

from graveshift.wire.filters import Span
from graveshift_tui.keymap import Keymap

if TYPE_CHECKING:
    from textual.suggester import Suggester

    from graveshift_tui.screens.helping import Here
    from graveshift_tui.widgets.choose import Chooser

Takes: TypeAlias = Callable[[str], bool | Awaitable[bool | Span]]
WhyNot: TypeAlias = Callable[[str], str | None]
"""Why an action may not be done; None where it may."""


def show_help(app: App[object], keymap: Keymap, why_not: WhyNot, here: "Here") -> None:
    """All keys on one page, those of this place first."""
    from graveshift_tui.screens.helping import HelpScreen

    app.push_screen(HelpScreen(keymap, why_not, here))


def palette(keymap: Keymap, places: Sequence[str], why_not: WhyNot, *, demo: bool = False) -> "Chooser":
    """Everything that can be done here, by name: its values are actions, and lines after `:` with their sign."""
    from graveshift_tui.screens.helping import choices
    from graveshift_tui.screens.lines import lines
    from graveshift_tui.widgets.choose import Chooser

    # The line to type commands in comes after those: its title names some of them.
    offered = sorted([*choices(keymap, places, why_not), *lines(demo=demo)], key=lambda one: one.value == "command")
    return Chooser("What do you want to do?", offered)


def choose(app: App[object], chooser: "Chooser", then: Callable[[tuple[str, str]], None]) -> None:
    """Goes on with what was chosen, and not at all where nothing was."""

    def done(chosen: tuple[str, str] | None) -> None:
        if chosen is not None:
            then(chosen)

    app.push_screen(chooser, done)


def ask_for_line(
    app: App[object],
    sign: str,
    value: str,
    words: Sequence[str],
    placeholder: str,
    *,
    takes: Takes | None = None,
    suggester: "Suggester | None" = None,
) -> None:
    """A line at the bottom of the screen; its answer is a Prompt.Entered with a text that `takes` took."""
    from graveshift_tui.widgets.prompt import Prompt

    if not app.screen.query(Prompt):
        app.screen.mount(Prompt(sign, value, words, placeholder, takes=takes, suggester=suggester))
