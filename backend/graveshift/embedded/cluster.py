"""The data directory: made whole or not at all, and steered with pg_ctl."""

import shutil
from pathlib import Path
from typing import IO

from .account import Account, give, run_as
from .binaries import major_of
from .layout import Layout, need_room, new_password, read_secret, write_secret
from .trouble import ServerFailed

WAIT_S = 60


def create_cluster(layout: Layout, account: Account, bin_dir: Path, *, durable: bool) -> None:
    """Run initdb in a temporary name and rename it, so that an interrupted one is simply made again."""
    need_room(layout.home)
    write_secret(layout.superuser_password, new_password())
    partial = layout.home / "cluster.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    give(partial, account)
    handed_over = layout.home / "initdb.password"
    try:
        write_secret(handed_over, read_secret(layout.superuser_password))
        give(handed_over, account)
        _initdb(partial, account, bin_dir, handed_over, durable=durable)
    finally:
        handed_over.unlink(missing_ok=True)
    partial.rename(layout.cluster)


def _initdb(partial: Path, account: Account, bin_dir: Path, password_file: Path, *, durable: bool) -> None:
    words = ["-U", "postgres", "-E", "UTF8", "-A", "scram-sha-256", *_locale(major_of(account, bin_dir))]
    words += [] if durable else ["--no-sync"]
    done = run_as(account, [bin_dir / "initdb", "-D", partial, "--pwfile", password_file, *words])
    if done.returncode != 0:
        raise ServerFailed(f"initdb: {done.stdout.strip()[-800:]}")


def _locale(major: int) -> list[str]:
    """Code-point order everywhere, so that an index never depends on the machine's C library."""
    if major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C"]


def pg_ctl(
    layout: Layout, account: Account, bin_dir: Path, *words: str, output: IO[str] | None = None
) -> tuple[bool, str]:
    """Run pg_ctl and wait: whether it worked, and what it said unless that went to `output`.

    The cluster is named in the environment because pg_ctl passes its arguments through a shell.
    """
    command = [str(bin_dir / "pg_ctl"), "-w", "-t", str(WAIT_S), *words]
    environment = {"PGDATA": str(layout.cluster)}
    done = run_as(account, command, env=environment, output=output, timeout=WAIT_S + 30)
    return done.returncode == 0, (done.stdout or "").strip()
