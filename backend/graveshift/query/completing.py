"""The word of a filter's text that the cursor is in: what it may become, and where that goes."""

import re
from collections.abc import Iterable

from msgspec import Struct

from graveshift.query.fields import FIELDS, WORDS
from graveshift.query.reading import PAYLOAD
from graveshift.query.writing import quoted

TIMES = ("<15m", "<1h", "<1d", ">03:00")
NUMBERS = (">1", "<3")
# Up to the cursor: blanks in quotes, which need not be closed yet, end no word.
BEGUN = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
WHOLE = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+', re.DOTALL)
PATH = re.compile(r'(?:[^\s"=]|"(?:[^"\\]|\\.)*")*=?', re.DOTALL)
PLAIN = re.compile(r'(?![<>"])[^\s"]+')


class Word(Struct, frozen=True):
    """`field` None: the name of a field is being written. `begun` is what there is of it before the cursor.

    `rest` is the text without the term that it is in.
    """

    offset: int
    length: int
    field: str | None
    begun: str
    rest: str = ""

    @property
    def in_value(self) -> bool:
        """True behind the `=` of a payload's path."""
        path = PATH.match(self.begun)
        return path is not None and path[0].endswith("=")


def word_at(text: str, cursor: int) -> Word:
    """The one that the cursor, a number of characters, is in or behind; of a payload's term, its path with the `=`."""
    cursor = max(0, min(cursor, len(text)))
    start = next((found.start() for found in BEGUN.finditer(text, 0, cursor) if found.end() == cursor), cursor)
    whole = WHOLE.match(text, start)
    end = whole.end() if whole and whole.end() >= cursor else _next_blank(text, cursor)
    rest = f"{text[:start]} {text[end:]}"
    start += text.startswith("-", start, cursor)
    if text.startswith(PAYLOAD, start, cursor):
        at = start + len(PAYLOAD)
        path = PATH.match(text, at, end)
        stop = path.end() if path and path.end() >= cursor else end
        return Word(at, stop - at, "payload", text[at:cursor], rest)
    name, colon, begun = text[start:cursor].partition(":")
    if colon and name in FIELDS:
        at = start + len(name) + 1
        return Word(at, end - at, name, begun, rest)
    return Word(start, end - start, None, text[start:cursor], rest)


def _next_blank(text: str, at: int) -> int:
    return next((place for place in range(at, len(text)) if text[place].isspace()), len(text))


def fitting_paths(word: Word, found: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Those paths into a payload that begin so, quoted or not; none once the value is being written."""
    begun = word.begun.replace('"', "").lower()
    return [(path, n) for path, n in found if path.replace('"', "").lower().startswith(begun)]


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
