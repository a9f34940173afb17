"""Rates as they are typed, in the console and on the command line: `500`, `5,000`, `0.5/s`, `unlimited`."""

import re
from typing import Final

from graveshift.wire.runs import FASTEST, SLOWEST

UNLIMITED: Final = "unlimited"
LOOKS: Final = f"A rate is 500, 5,000 or 0.5 (a second), {SLOWEST:g} to {FASTEST:,.0f}, or {UNLIMITED}."
GROUPED: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


def rate_of(text: str) -> float | None:
    """What was typed, None for unlimited. Raises ValueError, with a sentence, where it is no rate."""
    word = text.strip().lower().removesuffix("/s")
    if word == UNLIMITED:
        return None
    try:
        per_s = float(word.replace(",", "") if GROUPED.fullmatch(word) else word)
    except ValueError:
        raise ValueError(LOOKS) from None
    if not SLOWEST <= per_s <= FASTEST:
        raise ValueError(LOOKS)
    return per_s


def readable(text: str) -> bool:
    """True where it is a rate that the backend takes."""
    try:
        rate_of(text)
    except ValueError:
        return False
    return True
