"""Where a demo's data lies: a temporary folder or one that was named; and what killed demos left is cleared up."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graveshift import embedded
from graveshift.errors import GraveshiftError, SettingsError

MARKER = "graveshift-demo"
OWNER = "owner"


@contextmanager
def home_for(data_dir: Path | None, *, keep: bool) -> Iterator[Path]:
    """The demo's folder: a temporary one, or `data_dir`; removed at the end unless it is to be kept."""
    home = _open(data_dir, keep=keep)
    with _alone(home):
        try:
            yield home
        finally:
            if not keep:
                shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One demo in a folder at a time: the one that ends first would take it from under the other."""
    with (home / MARKER).open("a") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(f"another demo runs on {home}; name another folder, or leave that one first") from error
        yield


def _open(data_dir: Path | None, *, keep: bool) -> Path:
    if data_dir is None:
        if keep:
            raise SettingsError("--keep needs --data-dir, so that the next start finds the data")
        return _temporary()
    home = data_dir.resolve()
    try:
        strange = home.is_dir() and any(home.iterdir()) and not (home / MARKER).exists()
    except OSError as error:
        raise SettingsError(f"--data-dir {home}: {error.strerror}") from error
    if strange:
        raise SettingsError(f"{home} holds other things than a demo's data; name an empty folder")
    embedded.prepare(home)
    (home / MARKER).touch()
    return home


def _temporary() -> Path:
    home = embedded.temporary_home(f"{MARKER}-")
    (home / MARKER).touch()
    embedded.write_secret(home / OWNER, _mark(os.getpid()))
    return home


def sweep() -> int:
    """Stop and remove temporary demos of ours whose process is gone; returns how many. Named folders are let be."""
    return sum(_clear(home) for home in Path(tempfile.gettempdir()).glob(f"{MARKER}-*") if _is_orphaned(home))


def _is_orphaned(home: Path) -> bool:
    """A folder says whose it is once it is complete; one that does not is left alone."""
    try:
        found = home.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or not (home / MARKER).is_file():
            return False
        mark = (home / OWNER).read_text()
        pid, space, _ = mark.split()
        return space == _space() and _mark(int(pid)) != mark
    except (OSError, ValueError):
        return False


def _clear(home: Path) -> bool:
    try:
        embedded.stop(home)
    except GraveshiftError:
        return False
    shutil.rmtree(home, ignore_errors=True)
    return True


def _mark(pid: int) -> str:
    """The process, where its number counts, and when it began: numbers are used again. Empty once it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else f"{pid} {_space()} {words[19]}"


def _space() -> str:
    """The space that process numbers are counted in: a container's demo is not judged from outside."""
    return str(Path("/proc/self/ns/pid").readlink())
