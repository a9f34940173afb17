"""Seals values with a key from a file: AES-256-GCM, bound to the secret's name and version."""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from graveshift.errors import KeyFileRefused, VaultSealed
from graveshift.veil import Veil

KEY_BYTES = 32
NONCE_BYTES = 12
MODE = 0o400


class Seal:
    """One key. `key_id` names it and tells nothing of it; the key is in no repr."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyFileRefused(f"a key is {KEY_BYTES} bytes, this one is {len(key)}")
        self._cipher = AESGCM(key)
        self.key_id = hashlib.sha256(b"graveshift key id\0" + key).hexdigest()[:16]
        self.veil = Veil(hmac.digest(key, b"graveshift veil", "sha256"), self.key_id)

    def close(self, name: str, version: int, value: str) -> bytes:
        """The sealed value: a random nonce, then what AES-GCM makes of it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), _bound(name, version))

    def open(self, name: str, version: int, sealed: bytes, key_id: str | None) -> str:
        """The value. Raises VaultSealed when another key, name or version sealed it, or a bit was changed."""
        if key_id != self.key_id:
            raise VaultSealed(f"{name} version {version} was sealed with key {key_id}, this is key {self.key_id}")
        try:
            value = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(name, version))
        except InvalidTag:
            raise VaultSealed(f"{name} version {version} was changed after it was sealed") from None
        return value.decode()


def _bound(name: str, version: int) -> bytes:
    return f"{name}\0{version}".encode()


def load_seal(path: Path, *, make: bool = False) -> Seal:
    """The seal of a key file; `make` lays a new random one where there is none yet.

    Raises KeyFileRefused for a file that others may read, that is not ours, or that is no key.
    """
    if make:
        _make(path)
    return Seal(_read(path))


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise KeyFileRefused(f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        _check(path, os.fstat(file.fileno()))
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise KeyFileRefused(f"{path} must hold {KEY_BYTES} random bytes")
    return key


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyFileRefused(f"{path} is not a plain file")
    if found.st_uid != os.geteuid():
        raise KeyFileRefused(f"{path} belongs to uid {found.st_uid}, and we are uid {os.geteuid()}")
    mode = stat.S_IMODE(found.st_mode)
    if mode != MODE:
        raise KeyFileRefused(f"{path} has mode {mode:04o}; run `chmod 0400 {path}` if nobody else has read it")


def _make(path: Path) -> None:
    """Lay a new key whole and durable; a key that is there already, or comes first, wins."""
    if path.exists() or path.is_symlink():
        return
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    except FileExistsError:
        return
    finally:
        partial.unlink()
