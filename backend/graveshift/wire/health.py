"""Health: whether this backend can do its work."""

from msgspec import Struct


class Check(Struct, frozen=True):
    """One thing that must hold; `detail` says what was seen."""

    name: str
    ok: bool
    detail: str


class Health(Struct, frozen=True):
    """`status` is `ok` or `failing`; without a token only the status is told."""

    status: str
    version: str
    checks: list[Check] = []
