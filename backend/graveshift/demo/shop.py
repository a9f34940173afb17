"""The shop that the demo's orders go to: a table of its own with a constraint that bites."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg


class Orders:
    """The orders table, through one connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def open(self) -> int:
        """Make the table and the order that some producers repeat; returns the next free number."""
        await self._connection.execute(
            "CREATE SCHEMA IF NOT EXISTS demo;"
            "CREATE TABLE IF NOT EXISTS demo.orders"
            " (number bigint PRIMARY KEY, customer text NOT NULL, cents integer NOT NULL CHECK (cents >= 0));"
            "INSERT INTO demo.orders VALUES (1, 'acme', 100) ON CONFLICT DO NOTHING"
        )
        latest = await self._connection.fetchval("SELECT max(number) FROM demo.orders WHERE number < 1000000000")
        return int(latest) + 1000

    async def insert(self, number: int, customer: str, cents: int) -> None:
        """Insert one. Raises asyncpg.UniqueViolationError where the number is taken."""
        await self._connection.execute(
            "INSERT INTO demo.orders (number, customer, cents) VALUES ($1, $2, $3)", number, customer, cents
        )


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Orders]:
    """The orders of the database at `url` (SQLAlchemy's or PostgreSQL's form)."""
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        yield Orders(connection)
    finally:
        await connection.close()
