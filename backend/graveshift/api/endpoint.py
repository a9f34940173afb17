"""One line of the API's table: a path, who may ask, what it takes, what it answers and how it can fail."""

from asyncio import Event
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from litestar import Request
from msgspec import Struct

from graveshift.api.ports import Rooms
from graveshift.api.queries import NoQuery
from graveshift.errors import GraveshiftError, NotFound
from graveshift.operation import Actor
from graveshift.wire.operations import Role

NOBODY = Actor("", Role.VIEWER)


class Call(Struct, frozen=True, kw_only=True):
    """A request that was let in and read. `body` is the raw body where the endpoint takes one, else empty.

    `closing` is set when the service is about to stop; `readmit` raises where the token is no longer good.
    """

    rooms: Rooms
    actor: Actor
    query: Any
    body: bytes
    path: Mapping[str, str]
    request: Request[Any, Any, Any]
    closing: Event
    readmit: Callable[[], Awaitable[Actor]]

    @property
    def id(self) -> str:
        """The id in the path. Raises NotFound for text that no id can be."""
        id = self.path["id"]
        if "\x00" in id or len(id) > 1024:
            raise NotFound
        return id


class Endpoint(Struct, frozen=True, kw_only=True):
    """`role` None: anybody. `act` gives what is encoded as JSON, or a whole Litestar response.

    `other_media` are what the answer may be beside `media_type`. `takes` are the types a body may be of; `errors` what
    may be raised beyond what every endpoint may.
    `endless` responses have no time limit. `blind` answers where the database that knows the tokens is away.
    """

    method: Literal["GET", "POST"] = "GET"
    path: str
    title: str
    act: Callable[[Call], Awaitable[Any]]
    role: Role | None = Role.VIEWER
    query: type[Struct] = NoQuery
    takes: tuple[Any, ...] = ()
    answers: Any = None
    media_type: str = "application/json"
    other_media: tuple[str, ...] = ()
    status: int = 200
    headers: tuple[str, ...] = ()
    errors: tuple[type[GraveshiftError], ...] = ()
    endless: bool = False
    blind: Callable[[Rooms], Awaitable[Any]] | None = None

    @property
    def template(self) -> str:
        """The path as OpenAPI and metrics write it."""
        return self.path.replace(":str", "")
