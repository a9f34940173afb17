"""Identifiers: `<system>:<percent-encoded native id>`, opaque to every client."""

import re
from urllib.parse import quote, unquote

# What is encoded as it is: ids of jobs and letters are, and thousands of them pass here.
PLAIN = re.compile(r"[0-9A-Za-z-]+", re.ASCII).fullmatch


def encode(system: str, native: str) -> str:
    """The public id of a thing that `system` calls `native`."""
    return f"{system}:{native}" if PLAIN(native) else f"{system}:{quote(native, safe='-._~')}"


def decode(public: str) -> tuple[str, str] | None:
    """`(system, native)`, or None where the text is no id of ours."""
    system, colon, rest = public.partition(":")
    if not (system and colon and rest):
        return None
    if PLAIN(rest):
        return system, rest
    native = unquote(rest, errors="replace")
    return (system, native) if encode(system, native) == public else None


def group_id(system: str, queue: str, kind: str, fingerprint: str) -> str:
    """The public id of the group of one cause."""
    return encode(system, f"{queue}/{kind}/{fingerprint}")
