"""JSON as it crossed the wire, in ASCII: the same bytes but for characters a terminal could act on."""

import re

import msgspec
from msgspec import Struct

_BEYOND = re.compile(r"[^\t\n\r\x20-\x7e]")


def ascii_json(body: bytes) -> str:
    """`body` with every other character written as JSON escapes; numbers, spaces and order stay as they came."""
    return _BEYOND.sub(_escaped, body.decode("utf-8", "replace"))


def ascii_struct(thing: Struct) -> str:
    """A wire type as the wire would say it."""
    return ascii_json(msgspec.json.encode(thing))


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
