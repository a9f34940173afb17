"""When something ends by itself, as it is offered, typed and told: `15m`, `2h`, `08:00`; the clock is the backend's."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from graveshift_tui.format import things

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice, Chooser

OFFERED: Final = ("15m", "1h", "4h", "08:00")
UNITS: Final = {"m": ("minute", 1), "h": ("hour", 60), "d": ("day", 1440)}
LASTING: Final = re.compile(
    r"(?:for\s+)?(?P<many>\d{1,4})\s*(?:(?P<m>m(?:in(?:ute)?s?)?)|(?P<h>h(?:(?:ou)?rs?)?)|(?P<d>d(?:ays?)?))"
)
LOOKS: Final = "An end is 45m, 2h or 3d from now, or the time 03:40 (UTC)."
CLOCK: Final = re.compile(r"(?:until\s+)?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)z?")


def end_of(text: str, now: datetime) -> datetime | None:
    """So long from now, or the next time that the clock says so (UTC); None where the text says no end."""
    said = text.strip().lower()
    if (found := LASTING.fullmatch(said)) and int(found["many"]):
        return now.replace(microsecond=0) + timedelta(minutes=int(found["many"]) * UNITS[found.lastgroup or ""][1])
    if found := CLOCK.fullmatch(said):
        at = now.astimezone(UTC).replace(hour=int(found["hour"]), minute=int(found["minute"]), second=0, microsecond=0)
        return at if at > now else at + timedelta(days=1)
    return None


def words(text: str) -> str:
    """`for 15 minutes`, `until 08:00Z`."""
    said = text.strip().lower()
    if found := LASTING.fullmatch(said):
        return f"for {things(int(found['many']), UNITS[found.lastgroup or ''][0])}"
    found = CLOCK.fullmatch(said)
    return f"until {int(found['hour']):02d}:{found['minute']}Z" if found else said


def resume_now() -> "Choice":
    """The way out of a pause or a drain, beside other ends for it."""
    from graveshift_tui.widgets.choose import Choice

    return Choice("resume", "resume now", "lifts what is there")


def chooser(
    question: str, open_end: str, now: datetime, first: "Choice | None" = None, reason: str | None = None
) -> "Chooser":
    """Asks until when: one of a few, whatever is typed, or no end by itself, which `open_end` says.

    `first` is offered before them, and `reason` is what the reason is now.
    """
    from graveshift_tui.widgets.choose import Choice, Chooser

    def typed(text: str) -> "Choice | None":
        return Choice(text.strip(), words(text)) if end_of(text, now) else None

    return Chooser(
        question,
        [*([first] if first else []), *(Choice(text, words(text), text) for text in OFFERED), Choice("", open_end)],
        typed=typed,
        looks=LOOKS,
        note="reason, for those who wonder (optional)",
        noted=reason or "",
        placeholder="how long, or until when: 45m, 2h, 03:40",
    )


def told(text: str, open_end: str, now: datetime) -> tuple[str | None, str]:
    """What was chosen as the backend takes it, and in words with the time that it comes to."""
    end = end_of(text, now)
    if end is None:
        return None, open_end
    said = words(text)
    return end.isoformat().replace("+00:00", "Z"), said if said.startswith("until") else f"{said}, until {end:%H:%MZ}"
