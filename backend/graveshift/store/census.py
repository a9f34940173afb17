"""How many rows each of our tables has, at one moment."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SCHEMAS = ("graveshift", "graveshift_ledger")

TABLES = text("""
    SELECT format('%I.%I', n.nspname, c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('graveshift', 'graveshift_ledger') AND c.relkind = 'r'
     ORDER BY 1
""")

EXPORT = text("SELECT pg_export_snapshot()")

SIZE = text("SELECT pg_database_size(current_database())")

REVISION = text("SELECT version_num, current_setting('server_version') FROM graveshift_ledger.alembic_version")


async def export_snapshot(connection: AsyncConnection) -> str:
    """The name of this transaction's snapshot, good while the transaction lasts."""
    name: str = (await connection.execute(EXPORT)).scalar_one()
    return name


async def count_rows(connection: AsyncConnection) -> dict[str, int]:
    """Rows of each table that holds any, partitions one by one: schema-qualified names in order."""
    counts = {}
    for table in (await connection.execute(TABLES)).scalars().all():
        statement = text("SELECT count(*) FROM " + table.replace(":", r"\:"))
        counts[table] = (await connection.execute(statement)).scalar_one()
    return counts


async def database_bytes(connection: AsyncConnection) -> int:
    """What the database takes on its disk, indexes and all."""
    size: int = (await connection.execute(SIZE)).scalar_one()
    return size


async def versions(connection: AsyncConnection) -> tuple[str, str]:
    """The schema's revision and the server's version."""
    revision, server = (await connection.execute(REVISION)).one()
    return revision, server
