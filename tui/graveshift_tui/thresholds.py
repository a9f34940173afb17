"""Thresholds of a run's own as they are typed: `stop_ratio=10% slow_age=2m probe=partner`; `off` is never."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Final

from msgspec import ValidationError, convert

from graveshift.wire.trials import Guard
from graveshift_tui import moments
from graveshift_tui.rates import GROUPED
from graveshift_tui.settings import nearest

ALL: Final = Guard.__struct_fields__
NAMES: Final = tuple(name for name in ALL if not name.startswith("canary"))
"""Those of a canary are not for a requeue without one."""
FORM: Final = "Thresholds are typed by name: stop_ratio=10% slow_age=2m stop_depth=5000 probe=NAME"
LOOKS: Final = {
    "ratio": "A part is 5% or 0.05, of up to 100%",
    "s": "A time has its unit: 45s, 15m or 1h30m, up to 1d",
    "depth": "A depth is a number of jobs: 500 or 5,000",
    "probe": "A probe is named as in the settings",
}
"""What a value looks like, by the last word of its name."""
FEW: Final = "It is a number from 1 to 1,000"


def guard_of(text: str, names: Sequence[str] = NAMES) -> dict[str, object]:
    """The argument; raises ValueError, with a sentence, where it cannot be read or the backend would not take it."""
    given: dict[str, object] = {}
    for part in _parts(text):
        typed, equals, value = part.partition("=")
        name = typed if typed in names else f"{typed}_s"
        if not equals:
            raise ValueError(f"{FORM}. `{part}` is none.")
        if name not in names:
            raise ValueError(f"No threshold is called `{typed}`{nearest(typed, list(map(short, names)))}.")
        if name in given:
            raise ValueError(f"`{typed}` is given twice.")
        given[name] = _taken(name, value, has_unit=typed == name)
    if not given:
        raise ValueError(f"{FORM}.")
    _check(given)
    return given


def looks(name: str) -> str:
    """What a value of this one looks like, as a sentence: `A part is 5% or 0.05, of up to 100%, or off.`."""
    last = name.rpartition("_")[2]
    off = ", or off" if name.startswith(("slow_", "stop_")) else ""
    return f"{LOOKS.get(last, FEW)}{off}."


def short(name: str) -> str:
    """`slow_age` of `slow_age_s`."""
    return name.removesuffix("_s")


def words(text: str) -> str:
    """As it was typed, in one form."""
    return " ".join(_parts(text))


def _parts(text: str) -> list[str]:
    """At blanks and commas, but for those of a number (`5,000`)."""
    return [part for part in re.split(r"\s+|,(?!\d)", text) if part]


def _taken(name: str, text: str, *, has_unit: bool) -> object:
    value = _value(name, text, has_unit=has_unit)
    try:
        convert({name: value}, Guard)
    except ValidationError:
        raise ValueError(f"`{short(name)}={text}`: {looks(name)}") from None
    return value


def _check(given: dict[str, object]) -> None:
    try:
        convert(given, Guard)
    except ValidationError as error:
        raise ValueError(f"{error}.") from None


def _value(name: str, text: str, *, has_unit: bool) -> object:
    """`off`, a name, `10%`, `2m` where it is a time, else a number; text where it is none of these."""
    if name == "probe" or text == "off":
        return text
    if name.endswith("_s"):
        lasting = moments.seconds(text)
        return lasting if lasting is not None else _number(text) if has_unit else text
    if text.endswith("%"):
        number = _number(text.removesuffix("%"))
        return number / 100 if isinstance(number, int | float) else text
    return _number(text)


def _number(text: str) -> object:
    try:
        number = float(text.replace(",", "") if GROUPED.fullmatch(text) else text)
    except ValueError:
        return text
    return text if not isfinite(number) else int(number) if number.is_integer() else number
