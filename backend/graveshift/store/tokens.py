"""Bearer tokens: shown once, hashed at rest, revoked for good."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import Column, DateTime, LargeBinary, RowMapping, Table, Text, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.errors import Invalid
from graveshift.store.audit import Actor, AuditBook, Deed
from graveshift.store.engine import METADATA, open_look, open_unit
from graveshift.wire.operations import Role

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    schema="graveshift_ledger",
)
SECRET_BYTES = 32
LONGEST_NAME = 128
NOTHING = bytes(32)


class Token(Struct, frozen=True):
    """What is known of a token; never its secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenBook:
    """Every token there was. Making and revoking are on the record."""

    def __init__(self, engine: AsyncEngine, audit: AuditBook) -> None:
        self._engine = engine
        self._audit = audit

    async def create(self, name: str, role: Role, by: Actor, expires_at: datetime | None = None) -> str:
        """A new token, `gs_<id>_<secret>`; it is seen this once. Raises Invalid for a name of odd text."""
        if not (1 <= len(name) <= LONGEST_NAME and name.isprintable()):
            raise Invalid(f"a token's name is 1 to {LONGEST_NAME} printable characters")
        id, secret = secrets.token_hex(6), secrets.token_hex(SECRET_BYTES)
        values = {"id": id, "name": name, "role": role.value, "hash": _hash(secret), "expires_at": expires_at}
        deed = Deed(operation="token.create", outcome="done", reason=f"{id} {role} {name}")
        async with open_unit(self._engine) as unit:
            await unit.execute(insert(TOKENS).values(values))
            await self._audit.write(unit, by.name, by.source, deed)
            await unit.commit()
        return f"gs_{id}_{secret}"

    async def verify(self, token: str, source: str = "http") -> Actor | None:
        """Who holds this token; None where it is malformed, unknown, wrong, expired or revoked."""
        prefix, _, rest = token.partition("_")
        id, _, secret = rest.partition("_")
        if prefix != "gs" or not id or not secret or not token.isascii() or "\0" in token:
            return None
        alive = (TOKENS.c.revoked_at.is_(None), or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > func.now()))
        async with open_look(self._engine) as unit:
            row = (await unit.execute(select(TOKENS).where(TOKENS.c.id == id, *alive))).mappings().first()
        known = row["hash"] if row else NOTHING
        if not hmac.compare_digest(known, _hash(secret)) or row is None:
            return None
        return Actor(row["name"], Role(row["role"]), source)

    async def list(self) -> Sequence[Token]:
        """Newest first, revoked ones too."""
        async with open_unit(self._engine) as unit:
            rows = (await unit.execute(select(TOKENS).order_by(TOKENS.c.created_at.desc(), TOKENS.c.id))).mappings()
            return [_token(row) for row in rows]

    async def revoke(self, id: str, by: Actor) -> bool:
        """Make a token worthless; False where there is no such live token."""
        alive = (TOKENS.c.id == id, TOKENS.c.revoked_at.is_(None))
        async with open_unit(self._engine) as unit:
            revoked = await unit.execute(update(TOKENS).where(*alive).values(revoked_at=func.now()))
            if revoked.rowcount != 1:
                return False
            await self._audit.write(unit, by.name, by.source, Deed(operation="token.revoke", outcome="done", reason=id))
            await unit.commit()
        return True


def _hash(secret: str) -> bytes:
    """The secret has 256 random bits, so a plain hash needs no stretching."""
    return sha256(secret.encode()).digest()


def _token(row: RowMapping) -> Token:
    role = Role(row["role"])
    return Token(row["id"], row["name"], role, row["created_at"], row["expires_at"], row["revoked_at"])
