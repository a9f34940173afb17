"""Where secrets live: versions, encrypted at rest, never shown."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from graveshift.wire.secrets import SecretInfo


class Secret:
    """A value that prints as `***`; ask for it with `reveal()` at the last moment."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


class Versions(Struct, frozen=True):
    """At most three live versions; each is `(version, value)` or None."""

    current: tuple[int, Secret] | None
    pending: tuple[int, Secret] | None
    previous: tuple[int, Secret] | None


class Vault(Protocol):
    """Every change is one transaction; values are sealed before they reach the database."""

    async def secrets(self) -> Sequence[SecretInfo]: ...

    async def one(self, name: str) -> SecretInfo | None: ...

    async def versions(self, name: str) -> Versions: ...

    async def valid(self, name: str) -> Sequence[Secret]:
        """Values that verify now: the current one first, then the previous one while its grace lasts."""

    async def propose(self, name: str, value: Secret, run_id: int) -> int:
        """Keep `value` as the pending version; a run that did so before gets the same version back."""

    async def promote(self, name: str, run_id: int, grace_s: float) -> int:
        """Pending becomes current, current becomes previous until the grace ends; returns the new version."""

    async def abandon(self, name: str, run_id: int) -> None:
        """Drop this run's pending version."""
