"""Saved filters: texts by name, shared by all operators."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Column, DateTime, Table, Text, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.store.engine import METADATA, open_look, open_unit
from graveshift.wire.filters import SavedFilter

FILTERS = Table(
    "filters",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("query", Text, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="graveshift_ledger",
)
SAVE = text("""
    INSERT INTO graveshift_ledger.filters (name, query, saved_by) VALUES (:name, :query, :saved_by)
    ON CONFLICT (name) DO UPDATE SET query = excluded.query, saved_by = excluded.saved_by, saved_at = now()
""")


class FilterBook:
    """They are few: lists are whole."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def texts(self) -> Mapping[str, str]:
        """Each by its name."""
        return {one.name: one.query for one in await self.all()}

    async def all(self) -> Sequence[SavedFilter]:
        """By name."""
        async with open_look(self._engine) as unit:
            rows = await unit.execute(select(FILTERS).order_by(FILTERS.c.name))
        return [SavedFilter(row.name, row.name, row.query, row.saved_by, row.saved_at) for row in rows]

    async def one(self, name: str) -> SavedFilter | None:
        """By its name."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(select(FILTERS).where(FILTERS.c.name == name))).one_or_none()
        return None if row is None else SavedFilter(row.name, row.name, row.query, row.saved_by, row.saved_at)

    async def save(self, unit: Unit, name: str, query: str, actor: str) -> SavedFilter | None:
        """One that is there by that name is replaced: returns what it was."""
        before = await self.drop(unit, name)
        await unit.execute(SAVE, {"name": name, "query": query, "saved_by": actor})
        return before

    async def drop(self, unit: Unit, name: str) -> SavedFilter | None:
        """What it was; None where there is none."""
        row = (await unit.execute(delete(FILTERS).where(FILTERS.c.name == name).returning(FILTERS))).one_or_none()
        return None if row is None else SavedFilter(row.name, row.name, row.query, row.saved_by, row.saved_at)
