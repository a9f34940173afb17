"""Marks of deploys and other changes: from pipelines, and one by itself for each version that a worker first shows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity, RowMapping, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.audit import Actor
from graveshift.store.engine import METADATA, open_look, open_unit
from graveshift.store.reading import newest_first
from graveshift.wire.marks import Mark, MarkKind, NewMark
from graveshift.wire.page import Page

KEEP_DAYS = 400
DEPLOYS = Table(
    "deploys",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("version", Text),
    Column("link", Text),
    Column("note", Text),
    Column("actor", Text, nullable=False),
    Column("source", Text, nullable=False),
    schema="graveshift_ledger",
)
ADD = text("""
    INSERT INTO graveshift_ledger.deploys (at, kind, title, version, link, note, actor, source)
    VALUES (coalesce(CAST(:at AS timestamptz), now()), :kind, :title, :version, :link, :note, :actor, :source)
    RETURNING id
""")

# A version that was marked once is not marked again, whoever looks at the same time: a unique index holds it.
NOTICE = text("""
    INSERT INTO graveshift_ledger.deploys (at, kind, title, version, actor, source)
    SELECT min(started_at), 'deploy', 'workers run ' || version, version, 'graveshift', 'fleet'
    FROM graveshift.workers GROUP BY version
    ON CONFLICT (version) WHERE source = 'fleet' DO NOTHING
""")

# Of marks at one moment the one that was recorded last.
BEFORE = text("""
    SELECT m.* FROM unnest(CAST(:moments AS timestamptz[])) WITH ORDINALITY AS asked (moment, place)
    LEFT JOIN LATERAL (SELECT * FROM graveshift_ledger.deploys WHERE at <= moment ORDER BY at DESC, id DESC LIMIT 1) m
        ON true
    ORDER BY place
""")
PRUNE = text("""
    DELETE FROM graveshift_ledger.deploys d
    WHERE at < now() - make_interval(days => :keep_days)
      AND NOT EXISTS (SELECT FROM graveshift.workers w WHERE w.version = d.version)
""")


class MarkBook:
    """Every mark, the latest recorded first."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, mark: NewMark, actor: Actor) -> str:
        """Keep it; its id."""
        values = {name: getattr(mark, name) for name in ("at", "title", "version", "link", "note")}
        values |= {"kind": mark.kind.value, "actor": actor.name, "source": actor.source}
        async with open_unit(self._engine) as unit:
            id: int = (await unit.execute(ADD, values)).scalar_one()
            await unit.commit()
        return str(id)

    async def notice(self) -> int:
        """Mark versions that workers run and nobody saw before; how many."""
        async with open_unit(self._engine) as unit:
            found = (await unit.execute(NOTICE)).rowcount
            await unit.commit()
        return found

    async def prune(self) -> int:
        """Forget marks past keeping, but of versions that run still; how many."""
        async with open_unit(self._engine) as unit:
            gone = (await unit.execute(PRUNE, {"keep_days": KEEP_DAYS})).rowcount
            await unit.commit()
        return gone

    async def before(self, moments: Sequence[datetime]) -> list[Mark | None]:
        """The last mark at or before each of these, by the times that marks have, whenever they were recorded."""
        async with open_look(self._engine) as unit:
            rows = (await unit.execute(BEFORE, {"moments": list(moments)})).mappings().all()
        return [None if row["id"] is None else _mark(row) for row in rows]

    async def page(self, cursor: str | None, limit: int) -> Page[Mark]:
        """The latest recorded first."""
        return await newest_first(self._engine, DEPLOYS, DEPLOYS.c.id, _mark, cursor=cursor, limit=limit)

    async def one(self, id: int) -> Mark | None:
        """The mark with this id."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(select(DEPLOYS).where(DEPLOYS.c.id == id))).mappings().first()
        return _mark(row) if row else None


def _mark(row: RowMapping) -> Mark:
    plain = {name: row[name] for name in Mark.__struct_fields__}
    return Mark(**{**plain, "id": str(row["id"]), "kind": MarkKind(row["kind"])})
