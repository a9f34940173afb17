"""Roles that log in to the database: their passwords, and until when those are good."""

import base64
import hashlib
import hmac
import re
import secrets

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

ITERATIONS = 4096
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

EXISTS = text("SELECT 1 FROM pg_roles WHERE rolname = :role")

WHO = text("SELECT current_user::text, has_schema_privilege('graveshift', 'USAGE')")


async def make_second(connection: AsyncConnection, second: str, owner: str) -> None:
    """A login that acts as `owner` in everything, so that what it makes belongs to the owner."""
    if (await connection.execute(EXISTS, {"role": second})).first() is None:
        await connection.execute(text(f"CREATE ROLE {_plain(second)} LOGIN IN ROLE {_plain(owner)}"))
    await connection.execute(text(f"ALTER ROLE {_plain(second)} SET role TO {_plain(owner)}"))


async def set_password(connection: AsyncConnection, role: str, password: str) -> None:
    """Good from now on and with no end. Only the verifier is sent, so no log of the server holds the password."""
    verifier = scram_verifier(password, secrets.token_bytes(16)).replace(":", r"\:")
    await connection.execute(text(f"ALTER ROLE {_plain(role)} LOGIN PASSWORD '{verifier}' VALID UNTIL 'infinity'"))


async def end_password(connection: AsyncConnection, role: str, after_s: float) -> None:
    """The server itself refuses the password after so many seconds; those logged in stay."""
    moment = text("SELECT (now() + make_interval(secs => :after_s))::text")
    until = (await connection.execute(moment, {"after_s": after_s})).scalar_one().replace(":", r"\:")
    await connection.execute(text(f"ALTER ROLE {_plain(role)} VALID UNTIL '{until}'"))


async def who(connection: AsyncConnection) -> tuple[str, bool]:
    """The role we act as, and whether it may use the queue."""
    role, may = (await connection.execute(WHO)).one()
    return role, may


def scram_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of an ASCII password: RFC 5802's StoredKey and ServerKey with SHA-256."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt64}${stored64}:{server64}"


def _plain(role: str) -> str:
    """The name, which needs no escaping in a statement."""
    if not NAME.fullmatch(role):
        raise ValueError(f"{role!r} is no plain role name")
    return f'"{role}"'
