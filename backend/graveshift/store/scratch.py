"""Scratch databases, to restore a backup into: named after the database they serve and the run that made them."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PREFIX = text("SELECT 'graveshift_scratch_' || oid || '_' FROM pg_database WHERE datname = current_database()")

OURS = text("SELECT datname FROM pg_database WHERE starts_with(datname, :prefix) ORDER BY datname")


async def make(connection: AsyncConnection, run_id: int) -> str:
    """A fresh empty database for this run; what an earlier try of the run left is dropped first."""
    name = await _prefix(connection) + str(run_id)
    await drop(connection, name)
    await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    return name


async def drop(connection: AsyncConnection, name: str) -> None:
    """Drop it, whoever is connected."""
    await connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def drop_others(connection: AsyncConnection, live_runs: Collection[int]) -> int:
    """Drop the scratch databases of this database whose runs have ended; returns how many."""
    prefix = await _prefix(connection)
    kept = {f"{prefix}{run}" for run in live_runs}
    found = (await connection.execute(OURS, {"prefix": prefix})).scalars().all()
    left = [name for name in found if name not in kept]
    for name in left:
        await drop(connection, name)
    return len(left)


async def _prefix(connection: AsyncConnection) -> str:
    prefix: str = (await connection.execute(PREFIX)).scalar_one()
    return prefix
