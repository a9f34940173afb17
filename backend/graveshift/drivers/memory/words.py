"""Words of an error, as PostgreSQL finds them: letters and digits, of its type and of the beginning of its message."""

import re

from graveshift.wire.selection import Filter

SEARCHED = 160


def says(chosen: Filter, error_type: str, message: str) -> bool:
    """True where the error has all words of the filter, and those of each phrase one after the other."""
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", error_type)
    said = _words(f"{parts} {error_type} {message[:SEARCHED]}")
    wanted = None if chosen.text is None else _words(chosen.text)
    if wanted is not None and not (wanted and set(wanted) <= set(said)):
        return False
    return all(_follow(said, _words(phrase)) for phrase in chosen.phrases)


def _follow(said: list[str], phrase: list[str]) -> bool:
    n = len(phrase)
    return n > 0 and any(said[at : at + n] == phrase for at in range(len(said) - n + 1))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
