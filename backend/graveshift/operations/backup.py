"""backup.create: dump the queue and the ledger, then prove the dump by restoring it."""

import hashlib
import time
from collections.abc import AsyncIterator
from typing import ClassVar

import msgspec
from humanize import naturalsize
from msgspec import Struct

from graveshift.archive import Archive
from graveshift.errors import BackupFailed, Busy, NoSpace
from graveshift.operation import Carrier, Draft, Step, World
from graveshift.store.backups import Written
from graveshift.wire.backups import Backup
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect

NOTE_EVERY_S = 1.0


class CreateBackup(Struct, frozen=True, forbid_unknown_fields=True):
    """It takes no arguments: a backup is of everything that graveshift keeps."""

    name: ClassVar[str] = "backup.create"
    title: ClassVar[str] = "Make a backup and prove it"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    async def plan(self, world: World) -> Draft:
        """Raises Busy while another backup is under way, and NoSpace where the archive is too full for it."""
        other = await world.backups.live_run(self.name)
        if other is not None:
            raise Busy(f"run {other} makes a backup")
        room = await check_room(world)
        return Draft(
            count=4,
            effects=[
                Effect(subject="schemas graveshift and graveshift_ledger", change="dumped while the queue works on"),
                Effect(subject="archive", change=room),
                Effect(subject="a scratch database", change="made, restored into, compared and dropped"),
            ],
            confirm=Confirm.YES,
        )

    async def run(self, world: World, carrier: Carrier) -> None:
        """Four steps. A backup that fails is kept in the catalogue as failed, with the reason."""
        work = Making(world, carrier)
        try:
            await carrier.steps(
                [
                    Step("check", work.check),
                    Step("dump", work.dump, interruptible=True),
                    Step("manifest", work.manifest),
                    Step("verify", work.verify, interruptible=True),
                ]
            )
        except (BackupFailed, NoSpace) as failure:
            await world.backups.fail(carrier.run_id, str(failure))
            raise


class Making:
    """The steps of one run. Each finds its backup by the run's number, so any may be repeated after a crash."""

    def __init__(self, world: World, carrier: Carrier) -> None:
        self._world = world
        self._carrier = carrier

    async def check(self) -> str:
        """Enter the backup in the catalogue, if no other is under way and there is room."""
        await self._world.backups.begin(self._carrier.run_id)
        return await check_room(self._world)

    async def dump(self) -> str:
        """The dump under its own name in the archive, or nothing."""
        backup = await self._world.backups.begin(self._carrier.run_id)
        async with self._world.dumper.dump() as dump:
            stored = await self._world.archive.write(file_name(backup, "dump"), self._noted("dump", dump.blocks))
            written = Written(
                size_bytes=stored.size_bytes, sha256=stored.sha256, location=stored.location, manifest=dump.manifest
            )
        await self._world.backups.written(self._carrier.run_id, written)
        return f"{naturalsize(stored.size_bytes)}, sha256 {stored.sha256[:12]}"

    async def manifest(self) -> str:
        """What the dump holds, in a file beside it, so that it can be proven without this database."""
        backup = await self._world.backups.begin(self._carrier.run_id)
        written = await self._world.backups.dump_of_run(self._carrier.run_id)
        content = msgspec.json.format(msgspec.json.encode(written))
        await self._world.archive.write(file_name(backup, "json"), _one(content))
        return f"{sum(written.manifest.rows.values()):,} rows in {len(written.manifest.rows)} tables"

    async def verify(self) -> str:
        """The file is what was written, and restores to what was counted. Only then it is verified."""
        written = await self._world.backups.dump_of_run(self._carrier.run_id)
        await verify_file(self._world.archive, written)
        blocks = self._noted("verify", self._world.archive.read(written.location))
        await self._world.dumper.prove(blocks, written.manifest, self._carrier.run_id)
        await self._world.backups.verified(self._carrier.run_id)
        return f"restored {sum(written.manifest.rows.values()):,} rows, all counts equal"

    async def _noted(self, step: str, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same blocks, saying now and then how far it is."""
        size, said = 0, 0.0
        async for block in blocks:
            yield block
            size += len(block)
            if time.monotonic() - said >= NOTE_EVERY_S:
                said = time.monotonic()
                await self._carrier.note(step, naturalsize(size))


async def check_room(world: World) -> str:
    """What is needed and free, in words. Raises NoSpace, saying the same, when it is not enough."""
    last = await world.backups.last_size()
    needed = 2 * last if last else await world.dumper.database_bytes()
    free = await world.archive.free_bytes()
    if free is not None and free < needed:
        raise NoSpace(f"the backup needs {naturalsize(needed)}, {naturalsize(free)} are free")
    room = "cannot say what is free" if free is None else f"{naturalsize(free)} are free"
    return f"needs up to {naturalsize(needed)}, {room}"


async def verify_file(archive: Archive, written: Written) -> None:
    """Raise BackupFailed unless the file is byte for byte what was written."""
    digest = hashlib.sha256()
    size = 0
    async for block in archive.read(written.location):
        digest.update(block)
        size += len(block)
    if (size, digest.hexdigest()) != (written.size_bytes, written.sha256):
        raise BackupFailed(f"{written.location} was changed after it was written")


def file_name(backup: Backup, ending: str) -> str:
    """Sorts by time; the number is the backup's id."""
    return f"graveshift-{backup.created_at:%Y%m%dT%H%M%SZ}-{backup.id}.{ending}"


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content
