"""Start, adopt, stop and describe the private server of one home directory."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from .account import Account, choose_account
from .binaries import find_bin_dir, reachable
from .cluster import create_cluster, pg_ctl
from .config import check_major, write_config
from .layout import Layout, check_writable, prepare_home, read_secret, socket_dir
from .locking import locked
from .postmaster import bury, read_postmaster, settle
from .roles import DATABASE, SUPERUSER, ensure_role, read_login
from .trouble import ServerFailed

PATIENCE_S = 60.0
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
    """A running server. Both DSNs hold a password, so neither is in the repr."""

    home: Path
    data_dir: Path
    bin_dir: Path
    socket_dir: Path
    pid: int
    adopted: bool
    dsn: str
    superuser_dsn: str

    @property
    def login_file(self) -> Path:
        """Where the role and password of the DSN are kept, and looked for at the next start."""
        return Layout(home=self.home).password

    @property
    def url(self) -> str:
        """The DSN as SQLAlchemy wants it; the plain one suits asyncpg and PostgreSQL's own programs."""
        return self.dsn.replace("postgresql://", "postgresql+asyncpg://", 1)

    def __repr__(self) -> str:
        return f"Server(home={str(self.home)!r}, pid={self.pid}, socket_dir={str(self.socket_dir)!r})"


class Status(Struct, frozen=True):
    """How a home stands: `major` is None before the first start, `pid` and `socket_dir` when stopped."""

    home: Path
    running: bool
    major: int | None
    pid: int | None
    socket_dir: Path | None


def start(wish: Wish) -> Server:
    """The running server of this home: adopted if it runs, else started, and laid out first if new.

    Blocks for some 0.2 s, 1 s at the first start. Safe to call from several processes at once.
    The server outlives the caller; see `lease` for one that ends with its last user.
    """
    layout, account = prepare(wish.home)
    bin_dir = find_bin_dir(wish.bin_dir)
    with locked(layout.lock):
        running = settle(layout.cluster, PATIENCE_S)
        runner = reachable(account, bin_dir, layout.home)
        if running is None:
            sockets = _launch(wish, layout, account, runner)
        else:
            check_major(layout.cluster, account, runner)
            sockets = running.socket_dir or socket_dir(layout.home, account)
        ensure_role(layout, bin_dir, sockets)
        return _describe(layout, bin_dir, sockets, adopted=running is not None)


def prepare(home: Path) -> tuple[Layout, Account]:
    """Make the home, or refuse it, for the account its server runs as."""
    layout = Layout(home=home.resolve())
    account = choose_account(layout.cluster)
    prepare_home(layout.home, account)
    return layout, account


def _launch(wish: Wish, layout: Layout, account: Account, bin_dir: Path) -> Path:
    """Start the server, laying out the cluster first if need be; returns the socket directory."""
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
        started, _ = pg_ctl(layout, account, bin_dir, "start", output=log)
    if not started:
        raise ServerFailed(f"it did not start: {_complaint(layout.log, mark)} (see {layout.log})")
    return sockets


def _complaint(log: Path, mark: int) -> str:
    """The server's own reason, from what it logged since `mark`."""
    with log.open("rb") as file:
        file.seek(mark)
        lines = file.read().decode(errors="replace").splitlines()
    said = [line.partition("] ")[2] for line in lines if "] " in line]
    telling = [line for line in said if not line.startswith("LOG:  starting PostgreSQL")]
    return " ".join(telling[-4:] or lines[-3:]).strip()


def _describe(layout: Layout, bin_dir: Path, sockets: Path, *, adopted: bool) -> Server:
    running = read_postmaster(layout.cluster)
    if running is None:
        raise ServerFailed(f"it went away while starting (see {layout.log})")
    login, password = read_login(layout)
    return Server(
        home=layout.home,
        data_dir=layout.cluster,
        bin_dir=bin_dir,
        socket_dir=sockets,
        pid=running.pid,
        adopted=adopted,
        dsn=_dsn(login, DATABASE, password, sockets),
        superuser_dsn=_dsn(SUPERUSER, "postgres", read_secret(layout.superuser_password), sockets),
    )


def _dsn(user: str, database: str, password: str, sockets: Path) -> str:
    return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={quote(str(sockets), safe='/')}"


def status(home: Path) -> Status:
    """How the server of this home stands; never starts, stops or locks anything."""
    layout = Layout(home=home.resolve())
    running = read_postmaster(layout.cluster)
    version = layout.cluster / "PG_VERSION"
    return Status(
        home=layout.home,
        running=running is not None and running.ready,
        major=int(version.read_text()) if version.exists() else None,
        pid=running.pid if running else None,
        socket_dir=running.socket_dir if running else None,
    )


def stop(home: Path, bin_dir: Path | None = None) -> bool:
    """Stop the server of this home, whoever uses it; False when none was running."""
    layout = Layout(home=home.resolve())
    if not layout.cluster.exists():
        return False
    check_writable(layout.home)
    with locked(layout.lock):
        running = settle(layout.cluster, PATIENCE_S)
        if running is None:
            return False
        account = choose_account(layout.cluster)
        programs = reachable(account, find_bin_dir(bin_dir), layout.home)
        stopped, said = pg_ctl(layout, account, programs, "stop", "-m", "fast")
        if not stopped:
            stopped, said = pg_ctl(layout, account, programs, "stop", "-m", "immediate")
        if not stopped:
            raise ServerFailed(f"it does not stop: {said}")
        _remove_sockets(running.socket_dir)
        return True


def _remove_sockets(directory: Path | None) -> None:
    """An empty socket directory is litter; one with something in it is not ours to clear."""
    try:
        if directory is not None:
            directory.rmdir()
    except OSError:
        return
