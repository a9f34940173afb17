"""The catalogue of backups: one row each, from its first step to what became of it."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Identity,
    RowMapping,
    Table,
    Text,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.errors import Busy, NotFound
from graveshift.store.engine import METADATA, Unit, open_unit
from graveshift.store.items import storable
from graveshift.store.reading import newest_first
from graveshift.store.runs import LIVE, RUNS
from graveshift.wire.backups import Backup, BackupState
from graveshift.wire.page import Page

BACKUPS = Table(
    "backups",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("run_id", BigInteger),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("verified_at", DateTime(timezone=True)),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("location", Text),
    Column("manifest", JSON(none_as_null=True)),
    Column("error", Text),
    schema="graveshift_ledger",
)
UNPROVEN = (BackupState.RUNNING.value, BackupState.WRITTEN.value)
LOCK = text("LOCK TABLE graveshift_ledger.backups IN SHARE ROW EXCLUSIVE MODE")

run_lives = exists().where(RUNS.c.id == BACKUPS.c.run_id, RUNS.c.state.in_(LIVE))


class Manifest(Struct, frozen=True):
    """What a dump holds: rows of each table in the dump's own snapshot, and the versions it was made with."""

    revision: str
    server: str
    rows: dict[str, int]


class Written(Struct, frozen=True):
    """A dump that lies in the archive, as the catalogue knows it."""

    size_bytes: int
    sha256: str
    location: str
    manifest: Manifest


class BackupBook:
    """The catalogue. A run has at most one backup, so its steps find theirs again by the run's number."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, cursor: str | None, limit: int) -> Page[Backup]:
        """Newest first."""
        return await newest_first(self._engine, BACKUPS, BACKUPS.c.id, _read, cursor=cursor, limit=limit)

    async def one(self, backup_id: int) -> Backup | None:
        """None when there is no such backup."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(select(BACKUPS).where(BACKUPS.c.id == backup_id))).mappings().first()
        return _read(row) if row else None

    async def live_run(self, operation: str) -> int | None:
        """The live run of the operation that makes backups, whether it has begun or still waits for its turn."""
        wanted = select(RUNS.c.id).where(RUNS.c.operation == operation, RUNS.c.state.in_(LIVE)).limit(1)
        async with open_unit(self._engine) as unit:
            found: int | None = (await unit.execute(wanted)).scalar()
        return found

    async def last_size(self) -> int | None:
        """Bytes of the newest dump that was written; None before the first."""
        newest = select(BACKUPS.c.size_bytes).where(BACKUPS.c.size_bytes.is_not(None))
        async with open_unit(self._engine) as unit:
            size: int | None = (await unit.execute(newest.order_by(BACKUPS.c.id.desc()).limit(1))).scalar()
        return size

    async def age_s(self) -> float | None:
        """Seconds since the moment that the newest verified backup holds; None where there is none."""
        made = select(func.extract("epoch", func.now() - func.max(BACKUPS.c.created_at)))
        async with open_unit(self._engine) as unit:
            age = (await unit.execute(made.where(BACKUPS.c.state == BackupState.VERIFIED.value))).scalar()
        return None if age is None else float(age)

    async def begin(self, run_id: int) -> Backup:
        """This run's backup, entered now if it is new. Raises Busy while another live run is at one."""
        async with open_unit(self._engine) as unit:
            await unit.execute(LOCK)
            await _refuse_second(unit, run_id)
            found = await _of(unit, run_id)
            if found is None:
                await unit.execute(insert(BACKUPS).values(run_id=run_id, state=BackupState.RUNNING.value))
                found = await _of(unit, run_id)
            await unit.commit()
        if found is None:
            raise NotFound(f"the backup of run {run_id}")
        return found

    async def written(self, run_id: int, dump: Written) -> None:
        """The dump lies in the archive; nothing is proven yet."""
        await self._change(run_id, **msgspec.to_builtins(dump), state=BackupState.WRITTEN.value)

    async def dump_of_run(self, run_id: int) -> Written:
        """What to hold this run's file against. Raises NotFound when none was written."""
        wanted = select(BACKUPS).where(BACKUPS.c.run_id == run_id, BACKUPS.c.manifest.is_not(None))
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(wanted)).mappings().first()
        if row is None:
            raise NotFound("this backup was never written")
        return msgspec.convert({name: row[name] for name in Written.__struct_fields__}, Written)

    async def verified(self, run_id: int) -> None:
        """It was restored and compared, just now."""
        await self._change(run_id, state=BackupState.VERIFIED.value, verified_at=literal_column("now()"))

    async def fail(self, run_id: int, error: str) -> None:
        """It could not be made or proven. One that is verified stays so."""
        await self._change(run_id, state=BackupState.FAILED.value, error=storable(error))

    async def fail_abandoned(self) -> int:
        """Fail what ended runs left unwritten; returns how many."""
        left = update(BACKUPS).where(BACKUPS.c.state == BackupState.RUNNING.value, ~run_lives)
        async with open_unit(self._engine) as unit:
            done = await unit.execute(
                left.values(state=BackupState.FAILED.value, error="its run ended before it was written")
            )
            await unit.commit()
        return done.rowcount

    async def live_runs(self) -> Sequence[int]:
        """Runs that may have a scratch database now."""
        async with open_unit(self._engine) as unit:
            return (await unit.execute(select(RUNS.c.id).where(RUNS.c.state.in_(LIVE)))).scalars().all()

    async def _change(self, run_id: int, **values: object) -> None:
        statement = update(BACKUPS).where(BACKUPS.c.run_id == run_id, BACKUPS.c.state.in_(UNPROVEN))
        async with open_unit(self._engine) as unit:
            await unit.execute(statement.values(**values))
            await unit.commit()


async def _of(unit: Unit, run_id: int) -> Backup | None:
    row = (await unit.execute(select(BACKUPS).where(BACKUPS.c.run_id == run_id))).mappings().first()
    return _read(row) if row else None


async def _refuse_second(unit: Unit, run_id: int) -> None:
    wanted = select(BACKUPS).where(BACKUPS.c.state.in_(UNPROVEN), BACKUPS.c.run_id != run_id, run_lives)
    row = (await unit.execute(wanted.limit(1))).mappings().first()
    if row is not None:
        other = _read(row)
        raise Busy(f"run {other.run_id} is making backup {other.id} since {other.created_at:%H:%M:%S} UTC")


def _read(row: RowMapping) -> Backup:
    return Backup(
        id=str(row["id"]),
        state=BackupState(row["state"]),
        created_at=row["created_at"],
        verified_at=row["verified_at"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        location=row["location"],
        run_id=str(row["run_id"]) if row["run_id"] is not None else None,
        error=row["error"],
    )
