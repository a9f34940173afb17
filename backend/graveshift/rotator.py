"""The port to something whose secret can be exchanged: create, set, test, finish."""

from typing import Protocol

from graveshift.vault import Secret


class Rotator(Protocol):
    """Each method is idempotent: a run killed anywhere resumes by calling it again with the same versions."""

    kind: str

    async def create(self) -> Secret:
        """A new random value; touches nothing."""

    async def set(self, name: str, pending: Secret, current: Secret | None) -> str | None:
        """Make the target accept `pending` while `current` still works where it can. Tries pending first."""

    async def test(self, name: str, pending: Secret) -> str | None:
        """Prove that `pending` works, by a real use of it. Raises RotationFailed."""

    async def finish(self, name: str, pending: Secret) -> str | None:
        """After the vault made it current: let go of the old one where the target holds both."""
