"""What `postmaster.pid` says about the server process, and whether it is still true."""

import os
import time
from pathlib import Path

from msgspec import Struct

from .trouble import DirectoryRefused

PAUSE = 0.05


class Postmaster(Struct, frozen=True):
    """The server process as it described itself; `ready` once it accepts connections."""

    pid: int
    socket_dir: Path | None
    ready: bool


def read_postmaster(cluster: Path) -> Postmaster | None:
    """The running server of this cluster; None when there is none, however stale the file is."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    except PermissionError:
        raise DirectoryRefused(f"{cluster} is another user's") from None
    if not works_in(pid, cluster):
        return None
    socket_dir = lines[4].strip() if len(lines) > 4 else ""
    return Postmaster(
        pid=pid,
        socket_dir=Path(socket_dir) if socket_dir else None,
        ready=len(lines) > 7 and lines[7].strip() == "ready",
    )


def works_in(pid: int, cluster: Path) -> bool:
    """Whether the process lives and belongs to this cluster: each server process works in its directory.

    A pid that was given to somebody else since, and a zombie, do not. Without /proc any live pid counts.
    """
    try:
        os.kill(pid, 0)
        if not Path("/proc/self/cwd").exists():
            return True
        return Path(f"/proc/{pid}/cwd").readlink() == cluster.resolve()
    except (ProcessLookupError, FileNotFoundError, PermissionError):
        return False


def settle(cluster: Path, patience: float) -> Postmaster | None:
    """Wait for a server that is starting up or shutting down to become ready or go away."""
    deadline = time.monotonic() + patience
    found = read_postmaster(cluster)
    while found is not None and not found.ready and time.monotonic() < deadline:
        time.sleep(PAUSE)
        found = read_postmaster(cluster)
    return found


def bury(cluster: Path, socket_dir: Path, patience: float = 15.0) -> None:
    """Clear away what a killed server left, once its last child process is gone.

    PostgreSQL itself refuses to start when the pid in its file was given to another process since.
    """
    if not (cluster / "postmaster.pid").exists():
        return
    deadline = time.monotonic() + patience
    while _orphans(cluster) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    if _orphans(cluster):
        return
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for leftover in socket_dir.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _orphans(cluster: Path) -> bool:
    processes = Path("/proc").glob("[0-9]*")
    return any(works_in(int(process.name), cluster) for process in processes)
