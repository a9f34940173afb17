"""A real PgBouncer in transaction mode, set up by the very file that docs/deploy.md shows."""

import asyncio
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import OperationalError
from sqlalchemy import make_url

from graveshift import embedded
from graveshift.embedded.account import choose_account
from tests.waiting import until

DEPLOY = Path(__file__).parents[1] / "docs" / "deploy.md"


def program() -> str:
    """Where it is. Where there is none the test is skipped, but never by continuous integration."""
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None and os.environ.get("CI"):
        pytest.fail("continuous integration needs pgbouncer: see .ci/run")
    return found or pytest.skip("there is no pgbouncer on this machine")


def shown() -> str:
    """The file as the page shows it."""
    [text] = re.findall(r"```conf\n(.*?)```", DEPLOY.read_text(), re.DOTALL)
    return str(text)


def _ini(folder: Path, url: str, port: int, changed: Mapping[str, str]) -> str:
    """The same for this machine: other places, the same behaviour."""
    where = make_url(url)
    places = {
        "host=db.example.org port=5432 dbname=graveshift": f"host={where.query['host']} dbname={where.database}",
        "graveshift = ": f"{where.database} = ",
        "listen_port = 6432": f"listen_port = {port}",
        "/etc/pgbouncer/": f"{folder}/",
        **changed,
    }
    text = shown()
    for old, new in places.items():
        assert old in text, f"docs/deploy.md shows no `{old}`"
        text = text.replace(old, new)
    return text + "unix_socket_dir =\n"


@asynccontextmanager
async def pgbouncer(server: embedded.Server, url: str, changed: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """The URL that leads through it to the database of `url`."""
    account, where = choose_account(server.data_dir), make_url(url)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    place = embedded.temporary_home("gs-pgbouncer-")
    for name, text in {
        "pgbouncer.ini": _ini(place, url, port, changed or {}),
        "userlist.txt": f'"{where.username}" "{where.password}"\n',
    }.items():
        (place / name).write_text(text)
        os.chown(place / name, account.uid, account.gid)
    with (place / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(program(), str(place / "pgbouncer.ini")),
            stdout=log,
            stderr=log,
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
            extra_groups=[] if account.switch else None,
        )
    through = f"postgresql://{where.username}:{where.password}@127.0.0.1:{port}/{where.database}"
    try:
        await until(lambda: _answers(through), what=(place / "log").read_text())
        yield through
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(place)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except OperationalError:
        return False
    return True
