"""Connections beside the pool, for work that outlives its timeouts: snapshots, counting, scratch databases."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool


class Login(Struct, frozen=True):
    """Who logs in to the database. The password is in no repr."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login(user={self.user!r}, password=***)"


Logins = Callable[[], Login]


def follow(engine: AsyncEngine, login: Logins) -> None:
    """Let each new connection of the engine ask who to be, so that a rotated password needs no restart."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def log_in(_dialect: object, _record: object, _args: object, parameters: dict[str, object]) -> None:
        now = login()
        parameters.update(user=now.user, password=now.password)


@asynccontextmanager
async def connect_aside(
    url: str, login: Logins | None = None, *, database: str | None = None, isolation: str = "AUTOCOMMIT"
) -> AsyncIterator[AsyncConnection]:
    """One connection with no time limit on statements; in `database`, else in the URL's."""
    where = make_url(url).set(drivername="postgresql+asyncpg")
    if database is not None:
        where = where.set(database=database)
    engine = create_async_engine(where, poolclass=NullPool, isolation_level=isolation, connect_args={"timeout": 10})
    if login is not None:
        follow(engine, login)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
