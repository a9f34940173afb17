"""Who is asking: bearer tokens, remembered for a moment so that a request does not cost a look-up."""

from collections import OrderedDict
from hashlib import sha256
from time import monotonic

from graveshift.api.ports import Tokens
from graveshift.errors import NotAllowed, Unauthenticated
from graveshift.operation import Actor
from graveshift.wire.operations import Role

KEEP_S = 1.0
MOST = 1024
PROGRAMS = {"graveshift-cli": "cli", "graveshift-console": "console"}


class Doorman:
    """Remembers by hash, for `KEEP_S`; so a token that is revoked stops working within that time."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known: OrderedDict[bytes, tuple[Actor | None, float]] = OrderedDict()

    async def admit(self, authorization: str | None, needed: Role) -> Actor:
        """The actor behind an Authorization header. Raises Unauthenticated or NotAllowed."""
        actor = await self._find(_bearer(authorization))
        if actor is None:
            raise Unauthenticated
        if not actor.role.covers(needed):
            raise NotAllowed(f"it needs the role {needed.value}, this token has {actor.role.value}")
        return actor

    async def _find(self, token: str) -> Actor | None:
        key = sha256(token.encode()).digest()
        actor, until = self._known.get(key, (None, 0.0))
        if until > monotonic():
            return actor
        actor = await self._tokens.verify(token)
        self._known[key] = (actor, monotonic() + KEEP_S)
        self._known.move_to_end(key)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return actor


def source_of(agent: str | None) -> str:
    """`cli`, `console`, or `http` for every other program: what the program says of itself, and no proof."""
    program, _, _ = (agent or "").partition("/")
    return PROGRAMS.get(program, "http")


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or not token.isascii() or len(token) > 512:
        raise Unauthenticated
    return token
