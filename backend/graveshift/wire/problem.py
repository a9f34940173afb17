"""Errors on the wire: RFC 9457 problems with a stable code."""

from typing import Any

from msgspec import Struct


class Problem(Struct, frozen=True, omit_defaults=True):
    """`code` is stable and what clients act on; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    extra: dict[str, Any] = {}
