"""When something ends by itself, as it is asked for: a few ends to pick from, or one that is typed."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from graveshift_tui.moments import END_LOOKS, end_of, words

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice, Chooser

OFFERED: Final = ("15m", "1h", "4h", "08:00")


def resume_now() -> "Choice":
    """The way out of a pause or a drain, beside other ends for it."""
    from graveshift_tui.widgets.choose import Choice

    return Choice("resume", "resume now", "lifts what is there")


def chooser(
    question: str, open_end: str, now: datetime, first: "Choice | None" = None, reason: str | None = None
) -> "Chooser":
    """Asks until when: one of a few, whatever is typed, or no end by itself, which `open_end` says.

    `first` is offered before them, and `reason` is what the reason is now. The clock is the backend's.
    """
    from graveshift_tui.widgets.choose import Choice, Chooser

    def typed(text: str) -> "Choice | None":
        return Choice(text.strip(), words(text, now)) if end_of(text, now) else None

    offered = [Choice(text, words(text, now), text) for text in OFFERED]
    return Chooser(
        question,
        [*([first] if first else []), *offered, Choice("", open_end)],
        typed=typed,
        looks=END_LOOKS,
        note="reason, for those who wonder (optional)",
        noted=reason or "",
        placeholder="how long, or until when: 45m, 2h, 03:40",
    )
