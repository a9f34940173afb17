"""A file in the archive is whole or not there, whoever is killed while writing it."""

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graveshift.archives.local import LocalArchive
from graveshift.errors import BackupFailed, Invalid, NoSpace, NotFound
from tests.waiting import until

WRITER = """
import asyncio, sys
from pathlib import Path
from graveshift.archives.local import LocalArchive

async def endless():
    while True:
        yield b"x" * 1000
        print("written", flush=True)
        await asyncio.sleep(0.01)

asyncio.run(LocalArchive(Path(sys.argv[1])).write("big.dump", endless()))
"""


async def blocks(*content: bytes) -> AsyncIterator[bytes]:
    for block in content:
        yield block


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_was_written_is_read_back_with_its_hash(tmp_path: Path) -> None:
    archive = LocalArchive(tmp_path / "backups")
    stored = await archive.write("a.dump", blocks(b"one", b"", b"two"))
    assert (stored.size_bytes, stored.sha256) == (6, hashlib.sha256(b"onetwo").hexdigest())
    assert b"".join([block async for block in archive.read(stored.location)]) == b"onetwo"
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "backups", Path(stored.location))] == [0o700, 0o600]


async def test_content_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await LocalArchive(tmp_path).write("a.dump", broken())
    assert names(tmp_path) == []


async def test_a_write_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.Event().wait()

    task = asyncio.create_task(LocalArchive(tmp_path).write("a.dump", stalled()))
    await until(lambda: names(tmp_path))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == []


async def test_a_killed_writer_leaves_one_unfinished_file_that_is_swept_once_it_is_dead(tmp_path: Path) -> None:
    archive = LocalArchive(tmp_path)
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    await writer.stdout.readline()
    assert await archive.tidy() == 0
    assert len(names(tmp_path)) == 1
    writer.send_signal(signal.SIGKILL)
    await writer.wait()
    assert await archive.tidy() == 1
    assert names(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists() or os.geteuid() != 0, reason="only root can mount a small disk")
async def test_a_disk_that_is_full_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    mounted = await asyncio.create_subprocess_exec("mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path))
    if await mounted.wait() != 0:
        pytest.skip("mounting is not allowed here")
    try:
        archive = LocalArchive(tmp_path)
        free = await archive.free_bytes()
        assert free is not None
        assert free <= 65_536
        with pytest.raises(NoSpace, match="no space left"):
            await archive.write("a.dump", blocks(*[b"x" * 10_000] * 10))
        assert names(tmp_path) == []
    finally:
        await (await asyncio.create_subprocess_exec("umount", str(tmp_path))).wait()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackupFailed, match="file"):
        await LocalArchive(tmp_path / "file" / "backups").write("a.dump", blocks(b"x"))


@pytest.mark.parametrize("name", ["../escaped", "/etc/passwd", ".hidden", "deep/er"])
async def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        await LocalArchive(tmp_path).write(name, blocks(b"x"))


async def test_removing_twice_is_fine_and_reading_what_is_gone_is_not(tmp_path: Path) -> None:
    archive = LocalArchive(tmp_path)
    stored = await archive.write("a.dump", blocks(b"x"))
    for _ in range(2):
        await archive.remove(stored.location)
    with pytest.raises(NotFound):
        await anext(archive.read(stored.location))
