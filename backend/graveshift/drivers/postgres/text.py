"""What PostgreSQL can hold of a text, and of a job's bytes."""

import re

from msgspec import Raw

from graveshift.errors import Invalid

LONE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with NUL escaped and lone surrogates replaced: PostgreSQL's `text` holds neither."""
    return LONE.sub("\ufffd", text).replace("\0", "\\x00")


def payload_text(payload: Raw) -> str:
    """A payload's bytes as the text that the `json` type keeps unchanged. Raises Invalid where they are not UTF-8."""
    try:
        return bytes(payload).decode()
    except UnicodeDecodeError as error:
        raise Invalid("the payload is not UTF-8") from error


def raw(payload: str) -> Raw:
    """The bytes that were sent."""
    return Raw(payload.encode())
