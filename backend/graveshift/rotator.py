"""The port to something whose secret can be exchanged: create, set, test, finish."""

from typing import ClassVar, Protocol

from graveshift.vault import Secret
from graveshift.wire.plans import Confirm


class Rotator(Protocol):
    """Each method is idempotent: a run killed anywhere resumes by calling it again with the same versions.

    Details returned are for people and name no values.
    """

    kind: ClassVar[str]
    confirm: ClassVar[Confirm]

    async def create(self, current: Secret | None) -> Secret:
        """A new random value to follow `current`; touches nothing."""

    async def set(self, name: str, pending: Secret, current: Secret | None) -> str | None:
        """Make the target accept `pending` while `current` still works. Tries pending first."""

    async def test(self, name: str, pending: Secret) -> str | None:
        """Prove that `pending` works, by a real use of it. Raises RotationFailed."""

    async def finish(self, name: str, current: Secret, previous: Secret | None, grace_s: float) -> str | None:
        """After the vault made it current: use it everywhere, and let the old one end after `grace_s` seconds."""
