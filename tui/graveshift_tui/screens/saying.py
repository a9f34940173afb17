"""A filter that the console made itself, as the text that says it; what is typed is read by the backend alone."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import to_builtins

from graveshift.wire.selection import Filter

FIELDS: Final[Mapping[str, str]] = {
    "system": "system:",
    "queue": "queue:",
    "kind": "kind:",
    "fingerprint": "group:",
    "error_type": "error:",
    "state": "state:",
    "run_id": "run:",
    "version": "version:",
    "died_after": "died:>",
    "died_before": "died:<",
    "enqueued_after": "enqueued:>",
    "enqueued_before": "enqueued:<",
    "attempts_min": "attempts:>=",
    "attempts_max": "attempts:<=",
    "requeued_min": "requeued:>=",
    "requeued_max": "requeued:<=",
}
PLAIN: Final = re.compile(r'(?![<>"])[^\s"]+')
WORD: Final = re.compile(r'[^\s":=-][^\s":=]*')
LETTER: Final = re.compile(r"[^\W_]")
KEY: Final = re.compile(r'[^\s":=.\[\]]+')


def said(chosen: Filter) -> str:
    """Terms with a blank between them; empty for a filter without conditions."""
    given = to_builtins(chosen)
    terms = [f"{field}{_value(str(given[name]))}" for name, field in FIELDS.items() if name in given]
    if chosen.text is not None:
        words = [word for word in chosen.text.split() if LETTER.search(word)]
        terms += [word if WORD.fullmatch(word) else _quoted(word) for word in words]
    if chosen.payload is not None:
        terms += _payload(json.loads(chosen.payload), "payload")
    return " ".join(terms)


def _payload(value: object, path: str) -> Iterator[str]:
    """A term for each value in an object; of a list it is enough that each element is in one."""
    match value:
        case dict():
            for key, part in value.items():
                yield from _payload(part, f"{path}.{key if KEY.fullmatch(key) else _quoted(key)}")
        case list():
            for part in value:
                yield from _payload(part, f"{path}[]")
        case str():
            yield f"{path}={_quoted(value)}"
        case _:
            yield f"{path}={json.dumps(value)}"


def _value(text: str) -> str:
    return text if PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
