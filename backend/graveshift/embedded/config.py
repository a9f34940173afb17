"""The server's configuration: sensible for a small private server, rewritten at each start."""

from collections.abc import Mapping
from pathlib import Path

from .account import Account, give
from .binaries import major_of
from .trouble import OtherMajor

FILE = "graveshift.conf"
SETTINGS = {
    "cluster_name": "graveshift",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def write_config(cluster: Path, account: Account, socket_dir: Path, *, durable: bool, extra: Mapping[str, str]) -> None:
    """Write our settings beside postgresql.conf, which includes them last; `extra` wins over all."""
    settings = SETTINGS | {"unix_socket_directories": str(socket_dir)}
    settings |= ({} if durable else NOT_DURABLE) | dict(extra)
    lines = [f"{key} = {_quoted(value)}\n" for key, value in settings.items()]
    _replace(cluster / FILE, "".join(lines), account)
    main = cluster / "postgresql.conf"
    include = f"include = {_quoted(FILE)}\n"
    if not main.read_text().endswith(include):
        _replace(main, main.read_text() + "\n" + include, account)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _replace(path: Path, text: str, account: Account) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    give(partial, account)
    partial.rename(path)


def check_major(cluster: Path, account: Account, bin_dir: Path) -> None:
    """Refuse a cluster of another major version, naming both."""
    ours, theirs = major_of(account, bin_dir), (cluster / "PG_VERSION").read_text().strip()
    if str(ours) != theirs:
        raise OtherMajor(f"{cluster} was made by {theirs}, {bin_dir} is {ours}")
