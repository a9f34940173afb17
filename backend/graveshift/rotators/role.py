"""Rotates the service's own login: two roles take turns, so the new one is proven while the old one still works."""

import secrets
from typing import ClassVar, Protocol

from graveshift.errors import DatabaseRefused, RotationFailed
from graveshift.store import roles
from graveshift.store.aside import connect_aside
from graveshift.store.login import Login, signed_in
from graveshift.vault import Secret
from graveshift.wire.plans import Confirm


class KeptLogin(Protocol):
    """The login that new connections use; see `graveshift.store.login.LoginFile`."""

    def __call__(self) -> Login: ...

    def keep(self, login: Login) -> None:
        """Let new connections use this one, durably."""


class RoleRotator:
    """A version is `user:password`. `admin_url` is of a role that may alter both; `url` is the service's own.

    `owner` owns the database and is the first login; the second is a member that acts as the owner.
    """

    kind: ClassVar[str] = "database-role"
    confirm: ClassVar[Confirm] = Confirm.PHRASE

    def __init__(self, url: str, admin_url: str, kept: KeptLogin, owner: str = "graveshift") -> None:
        self._url = url
        self._admin_url = admin_url
        self._kept = kept
        self._owner = owner
        self._second = f"{owner}_b"

    async def create(self, current: Secret | None) -> Secret:
        """A password for the role whose turn it is not: whatever the vault says, never for the one in use."""
        user = self._second if self._kept().user == self._owner else self._owner
        return Secret(Login(user=user, password=secrets.token_hex(24)).text())

    async def set(self, name: str, pending: Secret, current: Secret | None) -> str | None:
        """Only the role that nobody uses is altered."""
        login = Login.parse(pending.reveal())
        if await self._works(login):
            return f"{login.user} accepts it already"
        if login.user == self._kept().user:
            raise RotationFailed(f"{login.user} is in use and is not to be altered")
        try:
            async with connect_aside(self._admin_url) as connection:
                await roles.make_second(connection, self._second, self._owner)
                await roles.set_password(connection, login.user, login.password)
        except DatabaseRefused as error:
            raise RotationFailed(error.detail) from None
        return f"{login.user} accepts it beside {self._kept().user}"

    async def test(self, name: str, pending: Secret) -> str | None:
        """Log in anew, and be allowed what the service needs."""
        login = Login.parse(pending.reveal())
        try:
            async with connect_aside(self._as(login)) as connection:
                role, may = await roles.who(connection)
        except DatabaseRefused as error:
            raise RotationFailed(f"{login.user} cannot log in: {error.detail}") from None
        if role != self._owner or not may:
            raise RotationFailed(f"{login.user} logs in as {role} and may not use the queue")
        return f"logged in as {login.user}"

    async def finish(self, name: str, current: Secret, previous: Secret | None, grace_s: float) -> str | None:
        """New connections use the new login; the server refuses the old password once the grace is over."""
        login = Login.parse(current.reveal())
        self._kept.keep(login)
        old = Login.parse(previous.reveal()) if previous else login
        if old.user == login.user:
            return f"new connections log in as {login.user}"
        async with connect_aside(self._admin_url) as connection:
            await roles.end_password(connection, old.user, grace_s)
        return f"new connections log in as {login.user}; {old.user} may for {grace_s:.0f} s more"

    async def _works(self, login: Login) -> bool:
        try:
            async with connect_aside(self._as(login)):
                return True
        except DatabaseRefused:
            return False

    def _as(self, login: Login) -> str:
        return signed_in(self._url, lambda: login)
