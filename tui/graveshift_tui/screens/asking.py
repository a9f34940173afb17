"""What lies over a screen for a moment: help, palette, the line to type in, a choice, the question before leaving."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from textual.app import App

from graveshift.wire.runs import Run
from graveshift_tui.keymap import Keymap
from graveshift_tui.operate import progress
from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.yesno import YesNo

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Chooser

WhyNot: TypeAlias = Callable[[str], str | None]
"""Why an action may not be done; None where it may."""


def show_help(app: App[object], keymap: Keymap, why_not: WhyNot) -> None:
    """All keys on one page."""
    from graveshift_tui.screens.helping import HelpScreen

    app.push_screen(HelpScreen(keymap, why_not))


def show_palette(app: App[object], keymap: Keymap, place: str, why_not: WhyNot, then: Callable[[str], None]) -> None:
    """Everything that can be done here, by name."""
    from graveshift_tui.screens.helping import choices
    from graveshift_tui.widgets.choose import Chooser

    choose(app, Chooser("What do you want to do?", choices(keymap, place, why_not)), lambda chosen: then(chosen[0]))


def choose(app: App[object], chooser: "Chooser", then: Callable[[tuple[str, str]], None]) -> None:
    """Goes on with what was chosen, and not at all where nothing was."""

    def done(chosen: tuple[str, str] | None) -> None:
        if chosen is not None:
            then(chosen)

    app.push_screen(chooser, done)


def ask_for_line(app: App[object], sign: str, value: str, words: Sequence[str], placeholder: str) -> None:
    """A line at the bottom of the screen; its answer is a Prompt.Entered."""
    from graveshift_tui.widgets.prompt import Prompt

    if not app.screen.query(Prompt):
        app.screen.mount(Prompt(sign, value, words, placeholder))


def quit_question(live: Sequence[Run], *, demo: bool) -> YesNo:
    """Names what goes on, or what ends with a demo."""
    asked = "Leave? The demo stops with this console:" if demo else "Leave? The backend carries on:"
    lines: list[Line] = [((f"  {asked}", "bold text"),)]
    lines += [((f"    run {run.id} {run.operation} {_fate(demo)}, {progress(run)}", "text"),) for run in live[:6]]
    return YesNo(lines, "Leave", "Stay")


def farewell(live: Sequence[Run], *, demo: bool) -> str:
    """The same on the terminal that is left behind."""
    return "\n".join(f"run {clean(run.id, 40)} {_fate(demo)} ({clean(run.operation, 40)})" for run in live)


def _fate(demo: bool) -> str:
    return "resumes at the next start where the data is kept" if demo else "continues"
