"""Signs what we send and verifies what we are sent: HMAC-SHA256, by any of the keys that verify now."""

import hmac
from collections.abc import Iterable

from graveshift.vault import Secret


def sign(key: Secret, body: bytes) -> str:
    """The signature header of a body: `sha256=` and the hex HMAC."""
    return "sha256=" + hmac.digest(key.reveal().encode(), body, "sha256").hex()


def verifies(keys: Iterable[Secret], body: bytes, signature: str) -> bool:
    """Whether one of the keys made the signature; how long it takes tells nothing of how much of it was right."""
    given = signature.encode(errors="replace")
    return any(hmac.compare_digest(sign(key, body).encode(), given) for key in keys)
