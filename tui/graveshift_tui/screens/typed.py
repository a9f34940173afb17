"""What is typed after `/` and `:`, read as a filter or a command; whatever is unknown is met with the nearest match."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from graveshift.wire.selection import Filter
from graveshift_tui.settings import ConsoleError, nearest

PAYLOAD: Final = "payload="
# A list too, to say of it that it is no object; `{\` can be no JSON, so whoever escapes for a shell is read as before.
RAW: Final = re.compile(r"payload=\s*(?=[{\[](?!\\))")
# One word as a shell would take it, quotes and all.
WORD: Final = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+""", re.DOTALL)
AROUND: Final = 24
"""Characters of a text that are shown from where it goes wrong."""


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
    given: dict[str, str] = {}
    words: list[str] = []
    for part in parts(text, json_is_raw="payload" in fields):
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
    if "payload" in given:
        _check_json(given["payload"])
    return _convert(given)


def payload_words(payload: str) -> str:
    """A payload as it would be typed: JSON as it stands where that is read back whole, else in quotes."""
    try:
        stands = payload.startswith("{") and _end_of_json(payload, 0) == len(payload)
    except Unclear:
        stands = False
    return PAYLOAD + (payload if stands else shlex.quote(payload))


def parts(text: str, *, json_is_raw: bool) -> Iterator[str]:
    """Words as a shell would split them, but an object or a list after `payload=` is read as JSON, as it stands."""
    at = len(text) - len(text.lstrip())
    while at < len(text):
        if json_is_raw and (found := RAW.match(text, at)):
            end = _end_of_json(text, found.end())
            yield PAYLOAD + text[found.end() : end]
        else:
            found = WORD.match(text, at)
            end = found.end() if found else at
            if end < len(text) and not text[end].isspace():
                raise Unclear(f"filter: a quote is opened and not closed: {text[end:][:AROUND]}")
            yield shlex.split(text[at:end])[0]
        at = end + len(text[end:]) - len(text[end:].lstrip())


def _end_of_json(text: str, start: int) -> int:
    """Where the JSON that begins at `start` ends, which a blank or the end has to follow."""
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _broken(error.msg, text[start:], error.pos - start) from None
    except RecursionError:
        raise Unclear("payload: this JSON is too deep") from None
    if text[end : end + 1].strip():
        raise _broken("a blank has to follow the JSON", text[start:], end - start)
    return end


def _check_json(payload: str) -> None:
    try:
        json.loads(payload)
    except json.JSONDecodeError as error:
        raise _broken(error.msg, payload, error.pos) from None
    except RecursionError:
        raise Unclear("payload: this JSON is too deep") from None


def _broken(what: str, text: str, at: int) -> Unclear:
    """Points at the place: what was read well, and where it goes wrong."""
    read = text[:at][-AROUND:]
    before = ("…" if len(text[:at]) > AROUND else "") + read
    here = text[at:][:AROUND] or "the end"
    return Unclear(f"payload is no JSON: {what[:1].lower()}{what[1:]}, at character {at + 1}: {before} ▸ {here}")


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
