"""Marks of deploys and other changes: from pipelines, and one by itself for each version that a worker first shows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity, RowMapping, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.errors import Invalid
from graveshift.store.audit import Actor
from graveshift.store.engine import METADATA, open_look, open_unit
from graveshift.store.position import EPOCH, microseconds, moment, numbers_of
from graveshift.store.position import cursor as cursor_of
from graveshift.store.reading import COUNT_TO
from graveshift.wire.marks import Mark, MarkKind, NewMark
from graveshift.wire.page import Page

KEEP_DAYS = 400
# A mark without a time that comes within so many seconds of one that says the same is that one, sent again.
AGAIN_S = 60.0
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

# Who marks takes turns, until the transaction ends: of two that say the same the second sees the first.
TURN = text("""
    SELECT pg_advisory_xact_lock(hashtext('graveshift.mark')),
           coalesce(CAST(:at AS timestamptz) > now() + interval '1 day', false) AS far
""")

# The same mark again is a request that was sent again. One without a time may come some seconds later, and find one of
# a transaction that began after its own. What workers showed by themselves is not meant.
ADD = text("""
    WITH kept AS (
        SELECT id FROM graveshift_ledger.deploys
        WHERE kind = :kind AND title = :title AND source <> 'fleet'
          AND version IS NOT DISTINCT FROM CAST(:version AS text) AND link IS NOT DISTINCT FROM CAST(:link AS text)
          AND at BETWEEN coalesce(CAST(:at AS timestamptz), now() - make_interval(secs => :again_s))
                     AND coalesce(CAST(:at AS timestamptz), now() + make_interval(secs => :again_s))
        ORDER BY id LIMIT 1
    ), made AS (
        INSERT INTO graveshift_ledger.deploys (at, kind, title, version, link, note, actor, source)
        SELECT coalesce(CAST(:at AS timestamptz), now()), :kind, :title, :version, :link, :note, :actor, :source
        WHERE NOT EXISTS (SELECT FROM kept)
        RETURNING id
    )
    SELECT id FROM kept UNION ALL SELECT id FROM made
""")

# No mark before the cursor still gives a row, which says how many there are.
PAGE = text("""
    SELECT m.*, counted.n, now() AS as_of
    FROM (SELECT count(*) AS n FROM (SELECT FROM graveshift_ledger.deploys LIMIT :count_to + 1) few) counted
    LEFT JOIN (
        SELECT * FROM graveshift_ledger.deploys
        WHERE CAST(:at AS timestamptz) IS NULL OR (at, id) < (CAST(:at AS timestamptz), CAST(:id AS bigint))
        ORDER BY at DESC, id DESC LIMIT :rows
    ) m ON true
    ORDER BY m.at DESC, m.id DESC
""")

# A version that was marked once is not marked again, whoever looks at the same time: a unique index holds it.
NOTICE = text("""
    INSERT INTO graveshift_ledger.deploys (at, kind, title, version, actor, source)
    SELECT min(started_at), 'deploy', 'workers run ' || version, version, 'graveshift', 'fleet'
    FROM graveshift.workers WHERE version <> 'unknown' GROUP BY version
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
    """Every mark, by the time it has."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, mark: NewMark, actor: Actor) -> str:
        """Keep it, once however often it is sent; its id. Raises Invalid for a time more than a day ahead."""
        at = mark.at and max(mark.at, EPOCH)  # an offset may make it a little earlier
        values = {name: getattr(mark, name) for name in ("title", "version", "link", "note")}
        values |= {"at": at, "kind": mark.kind.value, "actor": actor.name, "source": actor.source}
        async with open_unit(self._engine) as unit:
            if (await unit.execute(TURN, {"at": at})).mappings().one()["far"]:
                raise Invalid("`at` is more than a day in the future: a mark says what has happened")
            id: int = (await unit.execute(ADD, {**values, "again_s": AGAIN_S})).scalar_one()
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
        """The latest first, by the times that marks have."""
        at, id = _position(cursor)
        named = {"at": at, "id": id, "rows": limit + 1, "count_to": COUNT_TO}
        async with open_look(self._engine) as unit:
            found = (await unit.execute(PAGE, named)).mappings().all()
        counted, rows = found[0], [row for row in found if row["id"] is not None]
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(
            items=[_mark(row) for row in rows[:limit]],
            as_of=counted["as_of"],
            next_cursor=cursor_of(microseconds(last["at"]), last["id"]) if last else None,
            total=min(counted["n"], COUNT_TO),
            total_is_exact=counted["n"] <= COUNT_TO,
        )

    async def one(self, id: int) -> Mark | None:
        """The mark with this id."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(select(DEPLOYS).where(DEPLOYS.c.id == id))).mappings().first()
        return _mark(row) if row else None


def _position(cursor: str | None) -> tuple[datetime, int] | tuple[None, None]:
    if cursor is None:
        return None, None
    us, id = numbers_of(cursor, 2)
    try:
        return moment(us), id
    except OverflowError as error:
        raise Invalid("the cursor is not one of ours") from error


def _mark(row: RowMapping) -> Mark:
    plain = {name: row[name] for name in Mark.__struct_fields__}
    return Mark(**{**plain, "id": str(row["id"]), "kind": MarkKind(row["kind"])})
