"""F15: the disk of PostgreSQL is full, until it stops; with room again and a start, everything goes on."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from msgspec import structs

from graveshift import embedded
from tests.faults.place import place_in
from tests.faults.scene import Forbidden, Scene, Stage, play

SIZE_MB = 500
SETTINGS = {"max_connections": "60", "max_wal_size": "64MB"}


async def full_disk(stage: Stage) -> str:
    """AssertionError where what was acknowledged before is not there after. Raises Forbidden where it may not mount."""
    with _small_disk() as disk, place_in(disk / "server", SETTINGS) as place:
        small = structs.replace(stage, place=place, url=await place.migrated("small"))

        async def inject(scene: Scene) -> None:
            await _fill(scene, disk)

        return await play(Scene(small), inject)


async def _fill(scene: Scene, disk: Path) -> None:
    filler, place = disk / "filler", scene.stage.place
    await asyncio.to_thread(_take_all, filler)
    try:
        for _ in range(3 if scene.stage.short else 8):
            with suppress(psycopg.Error):  # new segments of the log are what it cannot have
                await asyncio.to_thread(place.execute, "SELECT pg_switch_wal()")
            await asyncio.sleep(scene.dice.uniform(0.2, 0.8))
    finally:
        filler.unlink()
    log = (disk / "server" / "postgres.log").read_text(errors="replace")
    assert "No space left on device" in log, "the disk was never full for PostgreSQL"
    await asyncio.to_thread(place.start)


def _take_all(filler: Path) -> None:
    with filler.open("wb") as file, suppress(OSError):
        while True:
            os.posix_fallocate(file.fileno(), file.tell(), 65_536)
            file.seek(65_536, os.SEEK_CUR)


@contextmanager
def _small_disk() -> Iterator[Path]:
    home = embedded.temporary_home("gs-full-")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "tmpfs", str(home)],
        capture_output=True,
        check=False,
    )
    try:
        if mounted.returncode:
            raise Forbidden(f"no small disk: {mounted.stderr.decode().strip()}")
        try:
            yield home
        finally:
            subprocess.run(["umount", "-l", str(home)], check=False)
    finally:
        shutil.rmtree(home, ignore_errors=True)
