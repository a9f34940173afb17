"""Operations: what a token may do here."""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Role(StrEnum):
    """Each role may do what the ones before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """True where this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Danger(StrEnum):
    """How much a verb can hurt: `safe` can be taken back, `bulk` touches many, `destructive` cannot be taken back."""

    SAFE = "safe"
    BULK = "bulk"
    DESTRUCTIVE = "destructive"


class OperationInfo(Struct, frozen=True):
    """`args_schema` is JSON Schema; `allowed` is for the token that asked."""

    name: str
    title: str
    danger: Danger
    allowed: bool
    args_schema: dict[str, Any]
