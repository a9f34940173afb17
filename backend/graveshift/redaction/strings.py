"""The strings of a JSON text where they stand, broken or whole, and where a value ends."""

import json
import re
from collections.abc import Iterable
from typing import Final

MASK: Final = "***"
STRING: Final = r'"([^"\\]*(?:\\.[^"\\]*)*)"?(\s*:)?'
DIGITS: Final = r"(?<![0-9.+-])([0-9]{12,})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
FLAT: Final = re.compile(f"{STRING}|{DIGITS}", re.DOTALL)
"""Groups: what is within the quotes, the colon behind a key, and long numbers outside of strings, to their point."""
STRINGS: Final = re.compile(STRING, re.DOTALL)
"""The same without numbers, which is quicker."""
NUMBERS: Final = re.compile(DIGITS)
DEEP: Final = re.compile(f"{STRING}|{DIGITS}|[{{}}\\[\\]]", re.DOTALL)
"""The same, and brackets."""

_BARE: Final = re.compile(r"\s*[^\s,\]}]*")
_SPACE: Final = re.compile(r"\s*")
_TELLS_NOTHING: Final = frozenset(("null", "true", "false", '""', ""))
_SHORT: Final = 64

Span = tuple[int, int, str]
"""What is replaced: from, to, by what."""


def plain(content: str) -> str:
    """The text of what stands between quotes; of a broken one as it stands there."""
    if "\\" not in content:
        return content
    try:
        return str(json.loads(f'"{content}"', strict=False))
    except ValueError:
        return content


def plains(contents: Iterable[str]) -> dict[str, str]:
    """The same of many, by what stands between the quotes."""
    given = list(contents)
    escaped = [content for content in given if "\\" in content]
    try:
        joined = '","'.join(escaped)
        read = json.loads(f'["{joined}"]', strict=False) if escaped else []
    except ValueError:
        read = []
    if len(read) != len(escaped):
        read = list(map(plain, escaped))
    return dict(zip(given, given, strict=True)) | dict(zip(escaped, read, strict=True))


def masked_value(text: str, start: int, end: int) -> list[Span]:
    """The mask for a value; null, true, false and an empty text give nothing away and stay."""
    space = _SPACE.match(text, start, end)
    start = space.end() if space else start
    if end - start < _SHORT and text[start:end].strip() in _TELLS_NOTHING:
        return []
    return [(start, end, f'"{MASK}"')]


def value_end(text: str, start: int) -> int:
    """Where the value ends that begins after a colon: behind its last bracket or quote, or before a comma."""
    bare = _BARE.match(text, start)
    first = bare[0].lstrip()[:1] if bare else ""
    if bare is None or first not in ("{", "[", '"'):
        return bare.end() if bare else start
    depth = 0
    for found in DEEP.finditer(text, start):
        sign = text[found.start()]
        depth += (sign in "{[") - (sign in "]}")
        if depth <= 0:
            return found.end() - len(found[2] or "")
    return len(text)
