"""Health: whether this backend can do its work."""

from msgspec import Struct


class Check(Struct, frozen=True):
    """One thing that must hold; `detail` says what was seen and, where it fails, what to do: no host, no secret."""

    name: str
    ok: bool
    detail: str


class Health(Struct, frozen=True):
    """`status` is `ok` or `failing`; without a token only the checks that fail are told."""

    status: str
    version: str
    checks: list[Check] = []
