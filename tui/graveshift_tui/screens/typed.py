"""What is typed after `/` and `:`, read as a filter or a command; whatever is unknown is met with the nearest match."""

import shlex
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from graveshift.wire.selection import Filter
from graveshift_tui.settings import ConsoleError, nearest


class Unclear(ConsoleError):
    """this cannot be understood"""

    def __str__(self) -> str:
        return self.detail


class Command(Struct, frozen=True):
    """One line after `:`; `word` is in full, whatever its beginning was typed."""

    word: str
    rest: str = ""


def filter_of(text: str, fields: Sequence[str]) -> Filter:
    """`field=value` pairs for the fields a list knows; all other words together are the text to look for."""
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise Unclear(f"filter: {error}") from None
    given: dict[str, str] = {}
    words: list[str] = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or not name.isidentifier():
            words.append(part)
        elif name not in fields:
            raise Unclear(f"`{name}` is no field of this list{nearest(name, list(fields))}; it has {', '.join(fields)}")
        else:
            given[name] = value
    if words:
        if "text" not in fields:
            raise Unclear(f"this list has no text to search; it has {', '.join(fields)}")
        given["text"] = " ".join(words)
    return _convert(given)


def command_of(text: str, known: Sequence[str]) -> Command:
    """The command that a line means; a beginning is enough where it fits one."""
    word, _, rest = text.strip().lstrip(":").partition(" ")
    fits = [name for name in known if name == word] or [name for name in known if word and name.startswith(word)]
    if len(fits) != 1:
        raise Unclear(f"`:{word}` is no command{nearest(word, list(known))}")
    return Command(fits[0], rest.strip())


def _convert(given: dict[str, str]) -> Filter:
    try:
        return msgspec.convert(given, Filter, strict=False)
    except msgspec.ValidationError as error:
        raise Unclear(f"filter: {error}") from None
