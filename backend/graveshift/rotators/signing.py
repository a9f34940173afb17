"""Rotates a key that signs webhooks: receivers accept the new one before anybody signs with it."""

import secrets
from typing import ClassVar

from graveshift.errors import RotationFailed
from graveshift.signature import sign, verifies
from graveshift.vault import Secret, Vault
from graveshift.wire.plans import Confirm


class SigningRotator:
    """A version is 32 random bytes in hex. The vault itself is the target: verifiers ask it for `valid` keys."""

    kind: ClassVar[str] = "webhook-signing"
    confirm: ClassVar[Confirm] = Confirm.YES

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def create(self, current: Secret | None) -> Secret:
        """Nothing of the current key goes into the new one."""
        return Secret(secrets.token_hex(32))

    async def set(self, name: str, pending: Secret, current: Secret | None) -> str | None:
        """Keeping it in the vault was the setting; see that verifiers are handed both."""
        given = {key.reveal() for key in await self._vault.valid(name)}
        wanted = [key for key in (pending, current) if key is not None]
        if not all(key.reveal() in given for key in wanted):
            raise RotationFailed(f"verifiers of {name} are not given the new key")
        return f"verifiers accept {len(given)} keys"

    async def test(self, name: str, pending: Secret) -> str | None:
        """A message signed with the new key is accepted, and the same one changed is not."""
        message = secrets.token_bytes(32)
        signature = sign(pending, message)
        keys = await self._vault.valid(name)
        if not verifies(keys, message, signature) or verifies(keys, message + b"!", signature):
            raise RotationFailed(f"a message signed with the new {name} does not verify")
        return "a message signed with it verifies"

    async def finish(self, name: str, current: Secret, previous: Secret | None, grace_s: float) -> str | None:
        """Signers take the first valid key, which is the new one from now on."""
        return f"the old key verifies for {grace_s:.0f} s more" if previous else None
