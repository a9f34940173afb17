"""What the backend refuses of typed arguments, in the console's words instead of those of a schema."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from graveshift.wire.filters import SAVED_NAME_WORDS
from graveshift.wire.jobs import NAME_WORDS
from graveshift_tui import rates, thresholds
from graveshift_tui.client import ApiError
from graveshift_tui.commands.terminal import Misused

PLACE: Final = re.compile(r"(?P<what>.*) - at `\$\.(?P<name>\w+)(?:\.(?P<part>\w+))?`", re.DOTALL)
SCHEMA: Final = ("Expected ", "Invalid enum value", "Object contains unknown field")
"""How a message begins that is of a schema; others are sentences already."""
LOOKS: Final = {
    "rate": rates.LOOKS,
    "guard": f"{thresholds.FORM}.",
    "queue": f"A queue is {NAME_WORDS}.",
    "name": f"A filter's name is {SAVED_NAME_WORDS}.",
}
"""By argument."""


@contextmanager
def in_words() -> Iterator[None]:
    """A refusal of an argument's value says what it looks like; any other passes."""
    try:
        yield
    except ApiError as error:
        found = PLACE.fullmatch(error.detail)
        if error.code != "invalid" or found is None or found["name"] not in LOOKS:
            raise
        if not found["what"].startswith(SCHEMA):
            raise Misused(f"--arg {found['name']}: {found['what']}") from None
        raise Misused(f"--arg {_of(found['name'], found['part'])}") from None


def lower(sentence: str) -> str:
    """As the end of an error's line."""
    return sentence[:1].lower() + sentence[1:].removesuffix(".")


def _of(name: str, part: str | None) -> str:
    """`guard: slow_age: a time has its unit ...`."""
    if name == "guard" and part in thresholds.ALL:
        return f"guard: {thresholds.short(part)}: {lower(thresholds.looks(part))}"
    return f"{name}: {lower(LOOKS[name])}"
