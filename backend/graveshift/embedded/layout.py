"""Which files and directories the private server lives in, who owns them and who can reach them."""

import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from msgspec import Struct

from graveshift.errors import NoSpace

from .account import Account, can_enter, give
from .trouble import DirectoryRefused, PasswordLost

SOCKET_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.5432"
ROOM_NEEDED = 200 * 1024 * 1024


class Layout(Struct, frozen=True):
    """The places below one home directory; `home` itself may hold other things of ours too."""

    home: Path

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def lock(self) -> Path:
        return self.home / "postgres.lock"

    @property
    def tenants(self) -> Path:
        return self.home / "postgres.tenants"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def password(self) -> Path:
        return self.home / "password"

    @property
    def superuser_password(self) -> Path:
        return self.home / "superuser-password"


def default_home() -> Path:
    """`/var/lib/graveshift` for root, else `$XDG_STATE_HOME/graveshift`."""
    if os.geteuid() == 0:
        return Path("/var/lib/graveshift")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "graveshift"


def temporary_home(prefix: str = "graveshift-") -> Path:
    """A fresh private directory the server's account can pass through; the caller removes it."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    if os.geteuid() == 0:
        home.chmod(0o711)
    return home


def prepare_home(home: Path, account: Account) -> None:
    """Make the home where it is missing, and refuse by name what the account cannot pass through."""
    try:
        _make(home, 0o711 if account.switch else 0o700)
    except OSError as error:
        raise DirectoryRefused(f"{home}: {error.strerror}") from None
    for directory in (*reversed(home.parents), home):
        if not can_enter(account, directory):
            raise DirectoryRefused(f"{home}: {account.name} may not enter {directory}")
    check_writable(home)


def check_writable(home: Path) -> None:
    """Refuse, by name, a home that somebody else keeps."""
    if not os.access(home, os.W_OK):
        raise DirectoryRefused(f"{home}: not writable")


def _make(directory: Path, mode: int) -> None:
    """Like `mkdir -p`, but every directory made gets the mode whatever the umask is."""
    if directory.is_dir():
        return
    _make(directory.parent, mode)
    directory.mkdir(exist_ok=True)
    directory.chmod(mode)


def need_room(home: Path) -> None:
    """A new cluster takes some 60 MB and its write-ahead log more."""
    free = shutil.disk_usage(home).free
    if free < ROOM_NEEDED:
        raise NoSpace(f"{home} needs {ROOM_NEEDED} bytes for a new database, {free} are free")


def write_secret(path: Path, value: str) -> None:
    """Put a secret in a 0600 file of ours, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def read_secret(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        raise PasswordLost(str(path)) from None
    except PermissionError:
        raise DirectoryRefused(f"{path} is not readable by this user") from None


def new_password() -> str:
    return secrets.token_hex(24)


def socket_dir(home: Path, account: Account) -> Path:
    """A directory for the Unix socket, made if missing: in the home when the path is short and plain.

    Otherwise a private one under $XDG_RUNTIME_DIR or the temporary directory, named after the home:
    a socket's whole path may take 107 bytes, and PostgreSQL splits directories at commas.
    """
    inside = home / "socket"
    if _fits(inside):
        return _private(inside, account)
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if not account.switch and runtime and _fits(Path(runtime) / f"graveshift-{mark}"):
        return _private(Path(runtime) / f"graveshift-{mark}", account)
    return _private(Path("/tmp") / f"graveshift-{account.uid}-{mark}", account)  # noqa: S108


def _fits(directory: Path) -> bool:
    plain = re.fullmatch(r"[A-Za-z0-9_./-]+", str(directory)) is not None
    return plain and len(os.fsencode(directory / SOCKET_NAME)) <= SOCKET_LIMIT


def _private(directory: Path, account: Account) -> Path:
    """Make it 0700 and the account's; one that somebody else put there is refused, not used."""
    try:
        directory.mkdir(mode=0o700)
        give(directory, account)
    except FileExistsError:
        found = directory.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077
        if not ours:
            raise DirectoryRefused(f"{directory} exists and is not private to {account.name}") from None
    return directory
