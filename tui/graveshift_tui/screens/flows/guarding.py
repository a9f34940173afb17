"""Asks for thresholds of a run's own, as they are typed on the command line, too."""

from typing import TYPE_CHECKING, Final

from graveshift_tui.thresholds import guard_of, words

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice, Chooser

QUESTION: Final = (
    "At which thresholds does it slow itself down and stop? "
    "Type them by name: slow_ratio, stop_ratio, slow_age, stop_age, slow_depth, stop_depth, probe."
)
USUAL: Final = "the configured ones"
LOOKS: Final = (
    "By name, as many as you like: slow_ratio=5% stop_ratio=10% slow_age=2m stop_age=10m slow_depth=500 "
    "stop_depth=5000 probe=NAME; also window, window_s, minimum, settle_s. off is never."
)
OFFERED: Final = {
    "slow_ratio=5% stop_ratio=10%": "careful: 5% failed slow it, 10% stop it",
    "slow_ratio=30% stop_ratio=60%": "patient: 30% failed slow it, 60% stop it",
    "slow_age=off stop_age=off": "however long jobs wait in the queue",
}


def chosen(text: str) -> dict[str, object] | None:
    """The argument; None for what was left as it is."""
    return guard_of(text) if text else None


def said(text: str) -> str:
    """As it was typed, in one form; what is left out is as configured."""
    return words(text) or USUAL


def chooser() -> "Chooser":
    """Asks for them."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    def typed(text: str) -> "Choice | None":
        return None if why_not(text) else Choice(text.strip(), said(text))

    offered = [Choice("", USUAL), *(Choice(text, title) for text, title in OFFERED.items())]
    return Chooser(
        QUESTION, offered, typed=typed, looks=LOOKS, why_not=why_not, placeholder="stop_ratio=10% slow_age=2m",
    )  # fmt: skip


def why_not(text: str) -> str:
    """A sentence; empty where the backend takes it."""
    try:
        guard_of(text)
    except ValueError as error:
        return str(error)
    return ""
