"""A private PostgreSQL that may be broken: restarted, frozen, emptied of connections, and put right again."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from graveshift import embedded, migrations
from graveshift.embedded.postmaster import works_in
from tests.waiting import until_now

# A server that crashes must find everything again, so this one is durable.
# Three hundred strangers find a place beside us.
SETTINGS = {"max_connections": "360"}


class Place:
    """The server of one home."""

    def __init__(self, home: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self._wish = embedded.Wish(home=home, settings=dict(settings))
        self.server = embedded.start(self._wish)

    def database(self, name: str) -> str:
        """The URL of a fresh migrated database."""
        with psycopg.connect(self.server.dsn, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.server.url.replace("/graveshift?", f"/{name}?", 1)

    async def migrated(self, name: str) -> str:
        url = await asyncio.to_thread(self.database, name)
        await migrations.upgrade(url)
        return url

    def stop(self, how: signal.Signals) -> None:
        """SIGINT is `pg_ctl stop -m fast`, SIGQUIT is `-m immediate`."""
        if (pid := embedded.status(self._wish.home).pid) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            until_now(lambda: not self.processes(), within=300, what="the server is gone")

    def start(self) -> None:
        """As whoever watches over it would."""
        self.server = embedded.start(self._wish)

    def processes(self) -> list[int]:
        return working_in(self.server.data_dir)

    def signal(self, wanted: signal.Signals) -> None:
        """To all of them."""
        for pid in sorted(self.processes()):
            with suppress(ProcessLookupError):  # some end by themselves
                os.kill(pid, wanted)

    def execute(self, statement: str, url: str | None = None) -> list[tuple[object, ...]]:
        """As the superuser, in the database of `url` or its own."""
        dsn = self.server.superuser_dsn
        if url:
            dsn = dsn.replace("/postgres?", f"/{url.partition('?')[0].rpartition('/')[2]}?", 1)
        with psycopg.connect(dsn, autocommit=True, connect_timeout=60) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self.signal(signal.SIGCONT)
        embedded.stop(self._wish.home)


@contextmanager
def place(settings: Mapping[str, str] = SETTINGS) -> Iterator[Place]:
    """A server in a home of its own, both gone afterwards."""
    home = embedded.temporary_home("gs-faults-")
    try:
        with place_in(home / "server", settings) as opened:
            yield opened
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def place_in(home: Path, settings: Mapping[str, str]) -> Iterator[Place]:
    """The same in a home that is there already; however the block ends, and the start did, no process is left."""
    try:
        opened = Place(home, settings)
        yield opened
        opened.close()
    finally:
        for pid in working_in(home / "cluster"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def working_in(cluster: Path) -> list[int]:
    """The postmaster and all its children: each works in the cluster's directory."""
    found = (int(process.name) for process in Path("/proc").glob("[0-9]*"))
    return [pid for pid in found if works_in(pid, cluster)]
