"""Where the data is: a configured database, or the private server, started when first needed and stopped when last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from graveshift import embedded, migrations
from graveshift.errors import SettingsError
from graveshift.settings import Settings
from graveshift.store.engine import Engine, create_engine
from graveshift.store.login import LoginFile, Logins, follow, signed_in


class Database(Struct, frozen=True):
    """Where the data is. `login` overrides the URL's user and password; `server` is None for one that is not ours.

    `pooled`: behind `url` stands a pooler in transaction mode, and `direct_url` leads past it.
    """

    url: str
    login: Logins | None = None
    server: embedded.Server | None = None
    pooled: bool = False
    direct_url: str | None = None
    replica_url: str | None = None

    @property
    def url_now(self) -> str:
        """The URL with the login of this moment in it, for who connects once."""
        return signed_in(self.url, self.login)

    @property
    def past_pooler(self) -> str:
        """For what needs a session of its own. Raises SettingsError where only a pooler is known."""
        if self.pooled and not self.direct_url:
            raise SettingsError("database.pooler: migrations and backups go past it; set `database.direct_url` too")
        return self.direct_url or self.url

    @property
    def past_pooler_now(self) -> str:
        """The same with the login of this moment in it."""
        return signed_in(self.past_pooler, self.login)

    def engine(self, pool_size: int, *, answer_s: float = 90.0) -> Engine:
        """Connections that follow a rotated login; one that is silent for `answer_s` is given up."""
        return self._following(create_engine(self.url, pool_size=pool_size, answer_s=answer_s, pooled=self.pooled))

    def replica(self, pool_size: int, *, answer_s: float) -> Engine | None:
        """The same to the replica; None where there is none."""
        if not self.replica_url:
            return None
        return self._following(create_engine(self.replica_url, pool_size=pool_size, answer_s=answer_s))

    def _following(self, engine: Engine) -> Engine:
        if self.login:
            follow(engine, self.login)
        return engine


def state_dir(settings: Settings) -> Path:
    """Where everything of ours that is not in the database lies."""
    return Path(settings.state_dir) if settings.state_dir else embedded.default_home()


def given_database(settings: Settings) -> Database | None:
    """The configured database; None where the private server is wanted."""
    given = settings.database
    if not given.url:
        return None
    user = urlsplit(given.url).username or ""
    return Database(
        url=given.url,
        login=LoginFile(Path(given.login_file), user) if given.login_file else None,
        pooled=given.pooler == "transaction",
        direct_url=given.direct_url,
        replica_url=given.replica_url,
    )


def wish_for(settings: Settings) -> embedded.Wish:
    """The private server that these settings mean."""
    given = settings.database
    home = Path(given.data_dir) if given.data_dir else state_dir(settings)
    return embedded.Wish(home=home, bin_dir=Path(given.bin_dir) if given.bin_dir else None)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The configured database; or the private server, started, migrated and kept up until its last user left."""
    if given := given_database(settings):
        yield given
        return
    wish, stop = wish_for(settings), asyncio.Event()
    lease = await asyncio.to_thread(embedded.lease, wish)
    keeper = asyncio.create_task(embedded.keep(wish, stop))
    try:
        await migrations.upgrade(lease.server.url)
        login = LoginFile(lease.server.login_file, "graveshift")
        yield Database(
            url=lease.server.url, login=login, server=lease.server, replica_url=settings.database.replica_url
        )
    finally:
        stop.set()
        await asyncio.gather(keeper, return_exceptions=True)
        await asyncio.to_thread(lease.release)
