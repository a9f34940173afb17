"""Locks on files: they vanish with the process that held them, however it ended."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .trouble import DirectoryRefused, LockBusy

PAUSE = 0.05


def open_lock(path: Path) -> int:
    """A descriptor to lock; never inherited by the programs we start."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DirectoryRefused(f"{path}: {error.strerror}") from None


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(descriptor: int, path: Path, *, shared: bool = False, patience: float = 90.0) -> None:
    """Raises LockBusy, naming the file, when others keep the lock for longer than `patience` seconds."""
    deadline = time.monotonic() + patience
    while not try_lock(descriptor, shared=shared):
        if time.monotonic() > deadline:
            raise LockBusy(f"{path} is held for more than {patience:.0f} s")
        time.sleep(PAUSE)


@contextmanager
def locked(path: Path, patience: float = 90.0) -> Iterator[None]:
    """Hold the lock while inside."""
    descriptor = open_lock(path)
    try:
        wait_for_lock(descriptor, path, patience=patience)
        yield
    finally:
        os.close(descriptor)
