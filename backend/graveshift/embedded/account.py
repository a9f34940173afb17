"""The operating-system account PostgreSQL runs as, and what that account can reach."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from .trouble import AccountMissing, ServerFailed

CANDIDATES = ("graveshift", "postgres", "nobody")
SHELL = "/bin/sh"


class Account(Struct, frozen=True):
    """An account by its numbers; `switch` says whether we have to become it (we are root)."""

    name: str
    uid: int
    gid: int
    switch: bool


def choose_account(cluster: Path) -> Account:
    """As root: the owner of an existing cluster, else the first candidate; otherwise ourselves."""
    if os.geteuid() != 0:
        return _by_uid(os.geteuid(), switch=False)
    if cluster.exists() and cluster.stat().st_uid != 0:
        return _by_uid(cluster.stat().st_uid, switch=True)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    raise AccountMissing(f"none of the users {', '.join(CANDIDATES)} exists")


def _by_uid(uid: int, *, switch: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise AccountMissing(f"uid {uid} has none") from None
    return Account(name=entry.pw_name, uid=uid, gid=entry.pw_gid, switch=switch)


def run_as(
    account: Account,
    command: Sequence[str | Path],
    *,
    env: dict[str, str] | None = None,
    stdin: str | None = None,
    output: IO[str] | None = None,
    timeout: float = 120.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command as the account, in its own process session, from `/`, without our PG* variables.

    Both output streams are returned in `stdout`, or appended to `output` when that is given.
    """
    try:
        return subprocess.run(
            [str(part) for part in command],
            env=clean_environment() | (env or {}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            start_new_session=True,
            timeout=timeout,
            check=False,
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
            extra_groups=[] if account.switch else None,
        )
    except subprocess.TimeoutExpired:
        raise ServerFailed(f"{Path(str(command[0])).name} took longer than {timeout:.0f} s") from None


def clean_environment() -> dict[str, str]:
    """Our environment without the variables that steer PostgreSQL, and with plain messages."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def can_enter(account: Account, directory: Path) -> bool:
    """Whether the account may traverse this directory; asks the kernel, so ACLs count too."""
    if not account.switch:
        return os.access(directory, os.X_OK)
    return run_as(account, [SHELL, "-c", 'test -x "$1"', "sh", directory]).returncode == 0


def give(path: Path, account: Account) -> None:
    """Make the account the owner, where we are not the account ourselves."""
    if account.switch:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
