"""A real streaming replica: made by pg_basebackup of a running private server, and as breakable as that one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from graveshift import embedded
from graveshift.embedded.account import choose_account, give, run_as
from graveshift.embedded.binaries import reachable
from graveshift.embedded.layout import Layout, prepare_home
from tests.faults.place import SETTINGS as PRIMARY
from tests.faults.place import Place

# Recovery waits for no reader, so that conflicts come at once. A replica must allow as many connections as its primary.
SETTINGS = {"max_connections": PRIMARY["max_connections"], "max_standby_streaming_delay": "0"}


@contextmanager
def standby(primary: Place) -> Iterator[Place]:
    """In a home of its own, started, and gone afterwards."""
    home = embedded.temporary_home("gs-standby-")
    try:
        _copy(primary, home / "server")
        opened = Place(home / "server", SETTINGS)
        try:
            yield opened
        finally:
            opened.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def url_of(place: Place, url: str) -> str:
    """The same database there."""
    found = make_url(url).update_query_dict({"host": str(place.server.socket_dir)})
    return found.render_as_string(hide_password=False)


def _copy(primary: Place, home: Path) -> None:
    """As an operator would: the data by pg_basebackup, which also writes down whom to follow."""
    account = choose_account(primary.server.data_dir)
    layout, theirs = Layout(home=home), Layout(home=primary.server.home)
    prepare_home(home, account)
    for mine, its in ((layout.password, theirs.password), (layout.superuser_password, theirs.superuser_password)):
        shutil.copy2(its, mine)
    layout.cluster.mkdir(mode=0o700)
    give(layout.cluster, account)
    where = make_url(primary.server.superuser_dsn)
    source = f"host={primary.server.socket_dir} user={where.username}"
    programs = reachable(account, primary.server.bin_dir, home)
    words = ["-d", source, "-D", str(layout.cluster), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-w"]
    done = run_as(account, [programs / "pg_basebackup", *words], env={"PGPASSWORD": str(where.password)})
    assert done.returncode == 0, done.stdout
