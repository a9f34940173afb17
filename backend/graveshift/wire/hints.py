"""Hints: live events that say "re-read this" and never carry truth."""

from msgspec import Struct


class Hint(Struct, frozen=True):
    """`ids` None means that anything in the resource may have changed. A `resync` hint has resource `*`."""

    resource: str
    ids: list[str] | None = None
