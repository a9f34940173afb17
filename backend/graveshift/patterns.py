"""Patterns that people configure: refused at the start where they cannot be used, and bounded in length and time."""

from collections.abc import Iterator
from functools import lru_cache

import regex
import structlog
from msgspec import Struct

LONGEST = 200
"""Characters of a pattern."""
LOOKED_AT = 2_000
"""Characters of a text that is searched: what comes after them is not seen."""
PATIENCE_S = 0.1
"""So long a search may take, on texts that were not foreseen."""
FOUND, COMPILED = 2048, 256
"""So many answers are kept, and patterns."""
PROBED, PROBED_S = 300, 0.2
"""A pattern that is slow on so few characters is slow however fast the machine is."""
_PROBES = ("a", "0", " ", "ab", "a ", "/", "'", "a.", "a@", "\n")

log = structlog.get_logger(__name__)


class Pattern(Struct, frozen=True):
    """A regular expression as it was configured. A search that takes too long has found nothing, and is logged."""

    text: str

    def found(self, text: str) -> str | None:
        """The first part of the text that matches, as it stands there; None where nothing does."""
        try:
            return _first(self.text, text[:LOOKED_AT])
        except TimeoutError:
            log.warning("pattern_too_slow", pattern=self.text)
            return None

    def replaced(self, text: str, by: str) -> str:
        """The text with every match replaced by `by`, which is taken as it stands; the text as it was if too slow."""
        try:
            return str(_compiled(self.text).sub(lambda _: by, text[:LOOKED_AT], timeout=PATIENCE_S)) + text[LOOKED_AT:]
        except TimeoutError:
            log.warning("pattern_too_slow", pattern=self.text)
            return text


def checked(text: str) -> Pattern:
    """The pattern. Raises ValueError, in words, for one that is broken, empty, too long or slow on a hard text."""
    if not text or len(text) > LONGEST:
        raise ValueError(f"a pattern has 1 to {LONGEST} characters")
    try:
        compiled = _compiled(text)
    except regex.error as error:
        raise ValueError(f"`{text}` is no pattern: {error}") from error
    try:
        if compiled.search(""):
            raise ValueError(f"`{text}` matches everything, the empty text too")
        for probe in _probes(text):
            compiled.search(probe, timeout=PROBED_S)
    except TimeoutError as error:
        raise ValueError(f"`{text}` takes too long on some texts: repeat nothing that is repeated already") from error
    return Pattern(text)


def _probes(text: str) -> Iterator[str]:
    """Texts that make a pattern try every way: what it may repeat, then what it cannot want, and what it asks for."""
    wanted = "".join(dict.fromkeys(text))
    letters = dict.fromkeys(one for one in text if one.isalnum() or one in "/.-_@")
    for part in (*_PROBES, *letters, *_words(text)):
        yield (part * PROBED)[:PROBED] + "\x01" + wanted


def _words(text: str) -> list[str]:
    """What stands literally in the pattern."""
    return [word for word in regex.split(r"\W+", text) if len(word) > 1][:10]


@lru_cache(FOUND)
def _first(pattern: str, text: str) -> str | None:
    """Errors come again, and are asked about by every list they are in. A search that took too long is not kept."""
    match = _compiled(pattern).search(text, timeout=PATIENCE_S)
    return str(match[0]) if match else None


@lru_cache(COMPILED)
def _compiled(text: str) -> "regex.Pattern[str]":
    return regex.compile(text, regex.VERSION0)
