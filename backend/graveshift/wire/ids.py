"""Identifiers: `<system>:<percent-encoded native id>`, opaque to every client."""

from urllib.parse import quote, unquote


def encode(system: str, native: str) -> str:
    """The public id of a thing that `system` calls `native`."""
    return f"{system}:{native}" if _is_plain(native) else f"{system}:{quote(native, safe='-._~')}"


def decode(public: str) -> tuple[str, str] | None:
    """`(system, native)`, or None where the text is no id of ours."""
    system, colon, rest = public.partition(":")
    if not (system and colon and rest):
        return None
    if _is_plain(rest):
        return system, rest
    native = unquote(rest, errors="replace")
    return (system, native) if encode(system, native) == public else None


def _is_plain(native: str) -> bool:
    """True for what is encoded as it is; ids of jobs and letters are, and thousands of them pass here."""
    return native.isascii() and native.replace("-", "").isalnum()


def group_id(system: str, queue: str, kind: str, fingerprint: str) -> str:
    """The public id of the group of one cause."""
    return encode(system, f"{queue}/{kind}/{fingerprint}")
