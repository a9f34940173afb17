"""An archive in a local folder: private files that appear whole or not at all."""

import asyncio
import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graveshift.archive import Stored
from graveshift.errors import BackupFailed, Invalid, NoSpace, NotFound

PARTIAL = ".partial"
BLOCK = 1024 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalArchive:
    """Files of one folder, made 0700 when missing; a location is the path of the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def free_bytes(self) -> int | None:
        """Room for an ordinary user."""
        with translated():
            return await asyncio.to_thread(self._free)

    async def write(self, name: str, content: AsyncIterator[bytes]) -> Stored:
        """See `Archive.write`."""
        target = self._inside(name)
        with translated():
            await asyncio.to_thread(make_private, self._folder)
            with unfinished(target) as (file, path):
                size, digest = await _pour(content, file)
                await asyncio.to_thread(_publish, file, path, target)
        return Stored(location=str(target), size_bytes=size, sha256=digest)

    async def read(self, location: str) -> AsyncIterator[bytes]:
        """See `Archive.read`."""
        path = self._inside(location)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise NotFound(f"the archive has no {path.name}") from None
        with file:
            while block := await asyncio.to_thread(file.read, BLOCK):
                yield block

    async def remove(self, location: str) -> None:
        """See `Archive.remove`."""
        await asyncio.to_thread(self._inside(location).unlink, missing_ok=True)

    async def tidy(self) -> int:
        """See `Archive.tidy`."""
        return await asyncio.to_thread(self._tidy)

    def _inside(self, name: str) -> Path:
        path = self._folder / name
        if path.parent != self._folder or path.name.startswith("."):
            raise Invalid(f"{name!r} is not a file of the archive {self._folder}")
        return path

    def _free(self) -> int:
        make_private(self._folder)
        room = os.statvfs(self._folder)
        return room.f_bavail * room.f_frsize

    def _tidy(self) -> int:
        return sum(_abandoned(path) for path in self._folder.glob(f".*{PARTIAL}"))


def make_private(folder: Path) -> None:
    """Make the folder for us alone where it is missing."""
    if not folder.is_dir():
        folder.mkdir(parents=True, mode=0o700)


@contextmanager
def unfinished(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A locked temporary file beside the target, gone afterwards unless it was renamed.

    The lock goes with its process however that ends, so a file without one is litter.
    """
    while True:
        path = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PARTIAL}")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)  # a sweep came between the opening and the lock
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            yield file, path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def translated() -> Iterator[None]:
    """A full disk becomes NoSpace, and what else the file system refuses becomes the reason of the failure."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace(str(error.strerror).lower()) from error
        raise BackupFailed(f"{error.filename or 'the archive'}: {error.strerror}") from error


async def _pour(content: AsyncIterator[bytes], file: IO[bytes]) -> tuple[int, str]:
    """Write everything; returns size and SHA-256."""
    digest = hashlib.sha256()
    size = 0
    async for block in content:
        await asyncio.to_thread(_write_all, file, block)
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()


def _write_all(file: IO[bytes], block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _publish(file: IO[bytes], path: Path, target: Path) -> None:
    """Make the content durable, then its name."""
    os.fsync(file.fileno())
    path.rename(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _abandoned(path: Path) -> bool:
    """Remove the unfinished file unless a writer holds its lock; whether it was removed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
