"""Secret values are compared without being kept: what stands for one is its HMAC by a key of the vault's."""

import hmac

from graveshift.errors import Invalid

SCHEME = "hmac:"


class Veil:
    """One key, named by `key_id`, which tells nothing of it; the key is in no repr."""

    def __init__(self, key: bytes, key_id: str) -> None:
        self._key = key
        self._prefix = f"{SCHEME}{key_id}-"

    def token(self, value: str) -> str:
        """What stands for the value: the same for the same value, and nobody without the key can tell which."""
        return self._prefix + hmac.digest(self._key, value.encode(errors="surrogatepass"), "sha256").hex()

    def covers(self, token: str, value: str) -> bool:
        """True where the token stands for this value. Raises Invalid where another key made it."""
        self.check(token)
        return hmac.compare_digest(token, self.token(value))

    def check(self, token: str) -> None:
        """Raises Invalid where another key made the token: nothing can be compared with it any more."""
        if not token.startswith(self._prefix):
            raise Invalid("a secret value was given under another key of the vault; give it again")


def refuse() -> Invalid:
    """What to raise where there is no key to compare with."""
    return Invalid("secret values cannot be compared here")
