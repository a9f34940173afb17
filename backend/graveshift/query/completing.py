"""The word of a filter's text that the cursor is in: what it may become, and where that goes."""

import re
from collections.abc import Iterable

from msgspec import Struct

from graveshift.query.fields import FIELDS, WORDS
from graveshift.query.writing import quoted

TIMES = ("<15m", "<1h", "<1d", ">03:00")
NUMBERS = (">1", "<3")
PLAIN = re.compile(r'(?![<>"])[^\s"]+')


class Word(Struct, frozen=True):
    """`field` None: the name of a field is being written. `begun` is what there is of it before the cursor."""

    offset: int
    length: int
    field: str | None
    begun: str


def word_at(text: str, cursor: int) -> Word:
    """The one that the cursor, a number of characters, is in or behind."""
    cursor = max(0, min(cursor, len(text)))
    start = cursor
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    end = cursor
    while end < len(text) and not text[end].isspace():
        end += 1
    start += text.startswith("-", start, cursor)
    name, colon, begun = text[start:cursor].partition(":")
    if colon and name in FIELDS:
        at = start + len(name) + 1
        return Word(at, end - at, name, begun)
    return Word(start, end - start, None, text[start:cursor])


def field_names(word: Word, fields: frozenset[str]) -> list[tuple[str, str]]:
    """Each with what it says: those that begin so, of those that say something of these."""
    return [
        (f"{name}." if field.takes == "path" else f"{name}:", field.says)
        for name, field in FIELDS.items()
        if name.startswith(word.begun) and (not field.sets or fields.intersection(field.sets))
    ]


def has_words(fields: frozenset[str]) -> bool:
    """True where messages can be searched."""
    return bool(fields.intersection(WORDS))


def fitting(word: Word, values: Iterable[str]) -> list[str]:
    """Those values that begin so, as they are written in a text; each once."""
    begun = word.begun.removeprefix('"').lower()
    return [
        value if PLAIN.fullmatch(value) else quoted(value)
        for value in dict.fromkeys(values)
        if value.lower().startswith(begun) and value
    ]


def examples(word: Word) -> list[str]:
    """Of a time or a number, which nobody has to choose from."""
    match FIELDS[word.field or ""].takes if word.field else "":
        case "time":
            return [one for one in TIMES if one.startswith(word.begun)]
        case "number":
            return [one for one in NUMBERS if one.startswith(word.begun)]
    return []
