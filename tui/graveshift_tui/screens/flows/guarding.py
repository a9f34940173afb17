"""Thresholds of a run's own, as they are typed: `stop_ratio=10% slow_age=2m probe=partner`; `off` is never."""

from typing import TYPE_CHECKING, Final

from msgspec import ValidationError, convert

from graveshift.wire.trials import Guard
from graveshift_tui import moments

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice, Chooser

QUESTION: Final = (
    "At which thresholds does it slow itself down and stop? "
    "Type them by name: slow_ratio, stop_ratio, slow_age, stop_age, slow_depth, stop_depth, probe."
)
USUAL: Final = "the configured ones"
NAMES: Final = tuple(name for name in Guard.__struct_fields__ if not name.startswith("canary"))
"""Those of a canary are not for a requeue without one."""
LOOKS: Final = (
    "By name, as many as you like: slow_ratio=5% stop_ratio=10% slow_age=2m stop_age=10m slow_depth=500 "
    "stop_depth=5000 probe=NAME; also window, window_s, minimum, settle_s. off is never."
)
OFFERED: Final = {
    "slow_ratio=5% stop_ratio=10%": "careful: 5% failed slow it, 10% stop it",
    "slow_ratio=30% stop_ratio=60%": "patient: 30% failed slow it, 60% stop it",
    "slow_age=off stop_age=off": "however long jobs wait in the queue",
}


def guard_of(text: str) -> dict[str, object] | None:
    """The argument; None where it cannot be read, or the backend would not take it."""
    given: dict[str, object] = {}
    for part in text.replace(",", " ").split():
        name, equals, value = part.partition("=")
        name = name if name in NAMES else f"{name}_s"
        if not equals or name not in NAMES or name in given:
            return None
        given[name] = _value(name, value)
    try:
        convert(given, Guard)
    except ValidationError:
        return None
    return given or None


def chooser() -> "Chooser":
    """Asks for them."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    def typed(text: str) -> "Choice | None":
        return Choice(text.strip(), words(text)) if guard_of(text) else None

    offered = [Choice("", USUAL), *(Choice(text, title) for text, title in OFFERED.items())]
    return Chooser(
        QUESTION, offered, typed=typed, looks=LOOKS, placeholder="stop_ratio=10% slow_age=2m",
    )  # fmt: skip


def words(text: str) -> str:
    """As it was typed, in one form; what is left out is as configured."""
    return " ".join(text.replace(",", " ").split()) or USUAL


def _value(name: str, text: str) -> object:
    """`off`, a name, `10%`, `2m` where it is seconds, else a number; text where it is none of these."""
    if name == "probe" or text == "off":
        return text
    if text.endswith("%"):
        number = _number(text.removesuffix("%"))
        return number / 100 if isinstance(number, int | float) else text
    lasting = moments.seconds(text) if name.endswith("_s") else None
    return _number(text) if lasting is None else lasting


def _number(text: str) -> object:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
