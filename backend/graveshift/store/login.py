"""Who we log in to the database as: kept in a private file that every process of the service reads."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.errors import DatabaseUnavailable


class Login(Struct, frozen=True):
    """A role and its password, which is in no repr. An empty role means the one that the URL names."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login(user={self.user!r}, password=***)"

    @classmethod
    def parse(cls, content: str, default_user: str = "") -> "Login":
        """From `user:password`, or from a password alone for the default user."""
        user, _, password = content.strip().rpartition(":")
        return cls(user=user or default_user, password=password)

    def text(self) -> str:
        """What `parse` reads."""
        return f"{self.user}:{self.password}"


Logins = Callable[[], Login]


class LoginFile:
    """The file; calling it reads it, so it is the `Logins` that connections ask."""

    def __init__(self, path: Path, default_user: str) -> None:
        self._path = path
        self._default_user = default_user

    def __call__(self) -> Login:
        """Raises DatabaseUnavailable when the file cannot be read."""
        try:
            return Login.parse(self._path.read_text(), self._default_user)
        except OSError as error:
            raise DatabaseUnavailable(f"{self._path}: {error.strerror}") from None

    def keep(self, login: Login) -> None:
        """Replace the file, whole or not at all, readable by us alone."""
        partial = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(login.text())
                file.flush()
                os.fsync(file.fileno())
            partial.rename(self._path)
        finally:
            partial.unlink(missing_ok=True)


def follow(engine: AsyncEngine, login: Logins) -> None:
    """Let each new connection of the engine ask who to be, so that a rotated password needs no restart."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def log_in(_dialect: object, _record: object, _args: object, parameters: dict[str, object]) -> None:
        now = login()
        parameters.update(user=now.user or parameters.get("user"), password=now.password)


def signed_in(url: str, login: Logins | None) -> str:
    """The URL with the login of this moment in it, for who connects at once and keeps no engine."""
    if login is None:
        return url
    where, now = make_url(url), login()
    return where.set(username=now.user or where.username, password=now.password).render_as_string(hide_password=False)
