"""Secrets: what is known of them; never a value."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class SecretState(StrEnum):
    """`rotating`: a newer version is coming; `grace`: the old one still verifies; `overdue`: past its greatest age."""

    CURRENT = "current"
    ROTATING = "rotating"
    GRACE = "grace"
    OVERDUE = "overdue"


class SecretInfo(Struct, frozen=True, kw_only=True):
    """`version` counts from 1; ages are seconds; `max_age_s` None means that none is set."""

    id: str
    name: str
    kind: str
    state: SecretState
    version: int
    age_s: float
    max_age_s: float | None = None
    last_rotated_at: datetime | None = None
