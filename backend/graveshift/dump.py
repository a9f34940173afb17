"""Takes a consistent dump of our two schemas as a stream, and proves one by restoring it."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from msgspec import Struct

from graveshift.child import feed, pour
from graveshift.errors import BackupFailed, DatabaseRefused
from graveshift.store import census, scratch
from graveshift.store.aside import connect_aside
from graveshift.store.backups import Manifest
from graveshift.store.libpq import environment
from graveshift.store.login import Logins

# The fastest level: level 6 takes three times as long for a tenth less. The custom format because
# a plain dump is a script, and whoever writes one can run commands where it is restored.
DUMP = ("--format=custom", "--compress=1", "--lock-wait-timeout=10s", "--no-password")
RESTORE = ("--exit-on-error", "--no-owner", "--no-privileges", "--no-password")


class Dump(Struct, frozen=True):
    """A dump under way; `blocks` may be read once, and raises BackupFailed when it breaks off."""

    manifest: Manifest
    blocks: AsyncIterator[bytes]


class Dumper:
    """Runs PostgreSQL's own programs, from `bin_dir`, on the database of `url`; `login` overrides who to be."""

    def __init__(self, url: str, bin_dir: Path, login: Logins | None = None) -> None:
        self._url = url
        self._bin_dir = bin_dir
        self._login = login

    async def database_bytes(self) -> int:
        """What the database takes on its disk: more than its dump will."""
        async with connect_aside(self._url, self._login) as connection:
            return await census.database_bytes(connection)

    async def reach(self) -> None:
        """See that pg_dump can log in there and knows this server's version. Raises BackupFailed with its complaint."""
        command = [str(self._bin_dir / "pg_dump"), "--schema-only", "--schema=graveshift_*", "--no-password"]
        async for _ in pour(command, self._environment()):
            continue

    @asynccontextmanager
    async def dump(self) -> AsyncIterator[Dump]:
        """Rows are counted in the snapshot that is dumped, so both tell of the same moment."""
        with translated():
            async with connect_aside(self._url, self._login, isolation="REPEATABLE READ") as connection:
                snapshot = await census.export_snapshot(connection)
                revision, server = await census.versions(connection)
                manifest = Manifest(revision=revision, server=server, rows=await census.count_rows(connection))
                yield Dump(manifest=manifest, blocks=pour(self._dump_command(snapshot), self._environment()))

    async def prove(self, blocks: AsyncIterator[bytes], manifest: Manifest, run_id: int) -> None:
        """Restore into a scratch database, which never stays, and compare. Raises BackupFailed."""
        with translated():
            async with connect_aside(self._url, self._login) as connection:
                name = await scratch.make(connection, run_id)
                try:
                    await feed(self._restore_command(name), self._environment(name), blocks)
                    async with connect_aside(self._url, self._login, database=name) as inside:
                        compare(manifest.rows, await census.count_rows(inside))
                finally:
                    await scratch.drop(connection, name)

    async def tidy(self, live_runs: Collection[int]) -> int:
        """Drop scratch databases that killed runs left behind; returns how many."""
        async with connect_aside(self._url, self._login) as connection:
            return await scratch.drop_others(connection, live_runs)

    def _dump_command(self, snapshot: str) -> list[str]:
        schemas = [f"--schema={schema}" for schema in census.SCHEMAS]
        return [str(self._bin_dir / "pg_dump"), *DUMP, *schemas, f"--snapshot={snapshot}"]

    def _restore_command(self, database: str) -> list[str]:
        return [str(self._bin_dir / "pg_restore"), *RESTORE, f"--dbname={database}"]

    def _environment(self, database: str | None = None) -> dict[str, str]:
        return environment(self._url, self._login, database)


def compare(expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Raise BackupFailed, naming the tables, unless both have the same rows in the same tables."""
    wrong = [
        f"{table} has {_rows(found.get(table))} instead of {_rows(expected.get(table))}"
        for table in sorted({*expected, *found})
        if expected.get(table) != found.get(table)
    ]
    if wrong:
        raise BackupFailed(f"restored, it differs: {'; '.join(wrong[:5])}")


@contextmanager
def translated() -> Iterator[None]:
    """What the database refuses becomes the reason a backup failed."""
    try:
        yield
    except DatabaseRefused as error:
        raise BackupFailed(error.detail) from None


def _rows(count: int | None) -> str:
    return "no table" if count is None else f"{count} rows"
