"""The tables the statements are written against are the tables the migrations make."""

import pkgutil
from importlib import import_module

import pytest
from sqlalchemy import Connection, Table, inspect
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import ARRAY, TypeEngine

import graveshift.drivers
import graveshift.store
from graveshift.drivers.postgres.tables import TransactionId
from graveshift.store.engine import METADATA

for package in (graveshift.store, graveshift.drivers):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        import_module(found.name)

DIALECT = create_async_engine("postgresql+asyncpg://").dialect
ischema_names["xid8"] = TransactionId


def spelled(kind: TypeEngine[object]) -> str:
    """A type as PostgreSQL writes it; how long an array may be is not kept by the server."""
    if isinstance(kind, ARRAY):
        return f"{spelled(kind.item_type)}[]"
    return str(kind.compile(dialect=DIALECT)).upper().replace("DOUBLE PRECISION", "FLOAT").replace("FLOAT(53)", "FLOAT")


def declared(table: Table) -> dict[str, tuple[str, bool]]:
    return {column.name: (spelled(column.type), bool(column.nullable)) for column in table.columns}


def migrated(connection: Connection, table: Table) -> dict[str, tuple[str, bool]]:
    columns = inspect(connection).get_columns(table.name, schema=table.schema)
    return {column["name"]: (spelled(column["type"]), bool(column["nullable"])) for column in columns}


@pytest.mark.parametrize("name", sorted(METADATA.tables))
async def test_a_declared_table_is_the_migrated_one(database: str, name: str) -> None:
    table = METADATA.tables[name]
    engine = create_async_engine(database)
    async with engine.connect() as connection:
        truth = await connection.run_sync(migrated, table)
    await engine.dispose()
    assert truth, f"no migration makes {name}"
    missing = declared(table).items() - truth.items()
    assert not missing, f"declared {sorted(missing)}, migrated {truth}"


async def test_there_are_tables_to_compare() -> None:
    assert {table.schema for table in METADATA.tables.values()} == {"graveshift", "graveshift_ledger"}
