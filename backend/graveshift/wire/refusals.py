"""What is said of a refused value: words, where decoding would show a regular expression."""

from graveshift.wire.filters import SAVED_NAME, SAVED_NAME_WORDS
from graveshift.wire.jobs import NAME, NAME_WORDS
from graveshift.wire.marks import LINK, LINK_WORDS

KNOWN = ((NAME, NAME_WORDS), (LINK, LINK_WORDS), (SAVED_NAME, SAVED_NAME_WORDS))
WORDS = {f"`str` matching regex {pattern!r}": words for pattern, words in KNOWN}


def refusal(error: Exception) -> str:
    """The message of msgspec's error: `Expected 1 to 128 letters, ... - at `$.queue``."""
    said = str(error)
    for shown, words in WORDS.items():
        said = said.replace(shown, words)
    return said
