"""Walk through letters in an order of theirs: flat on a million rows, for what is rare and for what is common."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.driver import Count
from graveshift.drivers.postgres.chosen import Conditions, inside, leading, times
from graveshift.drivers.postgres.drafting import Draft, asked
from graveshift.drivers.postgres.tables import dead
from graveshift.drivers.postgres.unveiling import Veils, uncovered
from graveshift.wire.selection import Filter

# What more texts and payloads match than this is common: letters are then walked along, not looked up by it.
RARE = 10_000
# The same where somebody waits for a page, for each letter that is wanted; of what is common, only so many are counted.
RARE_SHOWN = 6
# What one look along the letters may take, by the database's clock, before it says where it stands: where all of them
# are wanted, and where it is only to be seen whether what is in an index is common just here.
LONG, BRIEF = timedelta(milliseconds=50), timedelta(milliseconds=1.5)
# Secret values are in no index: so many letters at once are looked into, and for a page.
LOOKED_AT, SHOWN_AT = 2_000, 250

Position = tuple[datetime, int]


class Walked(Struct, frozen=True):
    """Letters in order; `stopped` is where the walk ended short of what was wanted, None where it did not.

    `total` is how many there are in all, where that was seen on the way. Not exact: what they carry is common.
    """

    rows: Sequence[Any]
    stopped: tuple[Any, ...] | None = None
    total: Count | None = None


# Rows in order until enough of them fit. Once the time is over any row will do: the last of them is how far it came.
# The limit that none reaches keeps the rows in order and one by one; ordered once more outside, they would be read all
# and sorted before the first is looked at. The clock costs as much as a row, so it is asked for one in four.
LOOK = """
SELECT seen.* FROM (
    SELECT {columns}, {fits} AS fits FROM {table} WHERE {where} ORDER BY {order} LIMIT 1000000000
) seen
WHERE fits OR (hashint8(id) & 3 = 0 AND clock_timestamp() > (SELECT statement_timestamp() + CAST({span} AS interval)))
LIMIT {limit}
"""
# What a letter carries is looked at by key: the index of all that others carry would be asked for each row anew.
CARRIED = """
SELECT {inside} FROM graveshift.dead_text carried WHERE carried.died_at = {table}.died_at AND carried.id = {table}.id
"""
# And the other way round, where no index leads to the letters: of what is carried the few that fit are letters still.
STANDS = "SELECT {where} FROM {table} WHERE {table}.died_at = carried.died_at AND {table}.id = carried.id"

# One more than so many at most. Materialised, or what is rare would walk the whole table.
MATCHED = """
WITH matched AS MATERIALIZED (
    SELECT died_at, id FROM graveshift.dead_text carried WHERE {inside} LIMIT {most} + 1
)
"""
RARELY = MATCHED + "SELECT count(*) AS n FROM matched"
# By death the texts are put in order first, and only so many letters looked at.
LOOKED_UP = """
SELECT each.* FROM (SELECT * FROM matched WHERE {texts} ORDER BY {first} OFFSET 0) texts
CROSS JOIN LATERAL (
    SELECT {columns} FROM {table} WHERE {table}.died_at = texts.died_at AND {table}.id = texts.id AND {where} OFFSET 0
) each WHERE {letters} ORDER BY {order} LIMIT {limit}
"""
# In one go: whether it is rare, how many letters there are of it, and where it is, those wanted; at least one row.
SEEN = """, every AS MATERIALIZED (
    SELECT each.* FROM matched CROSS JOIN LATERAL (
        SELECT {columns} FROM {table}
        WHERE {table}.died_at = matched.died_at AND {table}.id = matched.id AND {where} OFFSET 0
    ) each
)
SELECT wanted.*, every.n, texts.n <= {most} AS rare
FROM (SELECT count(*) AS n FROM matched) texts CROSS JOIN (SELECT count(*) AS n FROM every) every
LEFT JOIN LATERAL (
    SELECT * FROM every WHERE texts.n <= {most} AND {beyond} ORDER BY {order} LIMIT {limit}
) wanted ON true ORDER BY {order}
"""


class Way(Struct, frozen=True, kw_only=True):
    """Which letters, in which direction, strictly after which one.

    `sieve` are more conditions, which the index that serves the first ones knows nothing of: few may fit of many rows.
    `inside` are conditions on what they carry, `indexed` where at least one of them is not a negation. `texts` are the
    conditions of the first kind on what is carried, where none leads to the letters by an index: None where one does.
    `order` are the columns of `table` they stand in order by, and `after` is a value of each. `common` is how many
    there are at least, where an earlier walk has seen that they are too many to be looked up.
    """

    conditions: Conditions
    sieve: Conditions = []
    inside: Conditions = []
    indexed: bool = False
    texts: Conditions | None = None
    veils: Veils | None = None
    after: tuple[Any, ...] | None = None
    newest_first: bool = False
    limit: int
    table: Table = dead
    order: tuple[str, ...] = ("died_at", "id")
    common: int | None = None

    @property
    def is_plain(self) -> bool:
        """One index serves all of it."""
        return not (self.sieve or self.inside or self.veils)


def way(chosen: Filter, conditions: Conditions, veils: Veils | None, limit: int) -> Way:
    """To the letters of a filter, of which `conditions` are those on their own rows."""
    indexed = bool(chosen.text or chosen.phrases or chosen.payload or chosen.contains)
    texts = None if leading(chosen) or chosen.run_id is not None else times(chosen)
    return Way(conditions=conditions, inside=inside(chosen), indexed=indexed, texts=texts, veils=veils, limit=limit)


async def walk(connection: AsyncConnection, way: Way, span: timedelta | None = None) -> Walked:
    """Up to `limit` letters; rows have what they are in order by, `died_at` and `id`.

    It stops after about so long a `span`, by the database's clock; without one, all letters are walked along until
    there are enough.
    """
    if way.veils is None:
        return await _all(connection, way) if span is None else await _within(connection, way, span)
    found: list[Any] = []
    after, begun = way.after, monotonic()
    while True:
        part = structs.replace(way, veils=None, after=after, limit=LOOKED_AT if span is None else SHOWN_AT)
        seen = await walk(connection, part, span)
        found += await uncovered(connection, seen.rows, way.veils)
        if len(found) >= way.limit or (seen.stopped is None and len(seen.rows) < part.limit):
            return Walked(found[: way.limit])
        after = seen.stopped or position(seen.rows[-1], way.order)
        if span is not None and monotonic() - begun > span.total_seconds():
            return Walked(found, after)


async def _within(connection: AsyncConnection, way: Way, span: timedelta) -> Walked:
    """What is not near is looked up where it is rare; where it is common, later walks take longer looks for it."""
    if way.is_plain:
        return Walked(await _first(connection, way))
    if way.common is not None:
        return structs.replace(await _looked(connection, way, span), total=Count(way.common, False))
    near = await _looked(connection, way, BRIEF if way.indexed else span)
    if near.stopped is None or not way.indexed:
        return near
    everywhere, total = await _seen(connection, way)
    return Walked(everywhere, total=total) if total.exact else structs.replace(near, total=total)


async def _all(connection: AsyncConnection, way: Way) -> Walked:
    if not way.inside:
        return Walked(await _first(connection, way))
    if way.indexed and await _is_rare(connection, way):
        return Walked(await _looked_up(connection, way))
    found = await _looked(connection, way, LONG)
    while found.stopped is not None:
        further = await _looked(connection, structs.replace(way, after=found.stopped), LONG)
        rows = [*found.rows, *further.rows]
        found = Walked(rows[: way.limit], None if len(rows) >= way.limit else further.stopped)
    return found


def position(row: Any, order: Sequence[str]) -> tuple[Any, ...]:
    """Where a row stands."""
    return tuple(getattr(row, name) for name in order)


async def _is_rare(connection: AsyncConnection, way: Way) -> bool:
    """True where looking letters up by what they carry is cheap."""
    draft = Draft()
    (found,) = await asked(connection, RARELY.format(**matched(draft, way, RARE)), draft)
    return bool(found.n <= RARE)


def matched(draft: Draft, way: Way, most: int) -> dict[str, str]:
    """What MATCHED is filled in with."""
    return {"inside": draft.all(way.inside), "most": str(most)}


async def _first(connection: AsyncConnection, way: Way) -> Sequence[Any]:
    draft = Draft()
    return await asked(connection, along(draft, way, way.order), draft)


def along(draft: Draft, way: Way, columns: Sequence[str]) -> str:
    """Letters by their own rows, whatever they carry.

    With the limit as a value the plan is made for the values at hand. One that is kept would know nothing of which day
    has letters of a version or a cause: it reads all of one that has none.
    """
    named = ", ".join(dict.fromkeys(("died_at", "id", *columns)))
    where = f"{draft.all([*way.conditions, *way.sieve])} AND {_beyond(draft, way)}"
    ordered = f"ORDER BY {in_order(way)} LIMIT {draft.value(way.limit)}"
    return f"SELECT {named} FROM {way.table.fullname} WHERE {where} {ordered}"


def _columns(way: Way) -> str:
    return ", ".join(dict.fromkeys(("died_at", "id", *way.order)))


def in_order(way: Way) -> str:
    """What its letters stand in order by."""
    return ", ".join(f"{name} DESC" if way.newest_first else name for name in way.order)


def _beyond(draft: Draft, way: Way) -> str:
    """Strictly after a position; the plain comparison lets PostgreSQL leave out whole days."""
    if way.after is None:
        return "true"
    here, than = [draft.value(value) for value in way.after], "<" if way.newest_first else ">"
    return f"{way.order[0]} {than}= {here[0]} AND ({', '.join(way.order)}) {than} ({', '.join(here)})"


async def _looked(connection: AsyncConnection, way: Way, span: timedelta) -> Walked:
    """Those that fit of the letters that were looked at within so long, and where that was over before the end."""
    draft = Draft()
    parts = _along_texts(draft, way) if way.inside and way.texts is not None else _along_letters(draft, way)
    more = {
        "columns": _columns(way),
        "order": in_order(way),
        "span": draft.value(span),
        "limit": draft.value(way.limit),
    }
    rows = await asked(connection, LOOK.format(**parts, **more), draft)
    found = [row for row in rows if row.fits]
    return Walked(found, position(rows[-1], way.order) if len(found) < len(rows) == way.limit else None)


def _along_letters(draft: Draft, way: Way) -> dict[str, str]:
    table = way.table.fullname
    where = f"{draft.all(way.conditions)} AND {_beyond(draft, way)}"
    fits = "true"
    if way.inside:
        fits = f"coalesce(({CARRIED.format(inside=draft.all(way.inside), table=table)}), false)"
    fits = f"CASE WHEN {draft.all(way.sieve)} THEN {fits} ELSE false END"
    return {"table": table, "where": where, "fits": fits}


def _along_texts(draft: Draft, way: Way) -> dict[str, str]:
    where = f"{draft.all(way.texts or [])} AND {_beyond(draft, way)}"
    stands = STANDS.format(where=draft.all([*way.conditions, *way.sieve]), table=way.table.fullname)
    fits = f"CASE WHEN {draft.all(way.inside)} THEN coalesce(({stands}), false) ELSE false END"
    return {"table": "graveshift.dead_text carried", "where": where, "fits": fits}


async def _looked_up(connection: AsyncConnection, way: Way) -> Sequence[Any]:
    by_death, draft = way.order == ("died_at", "id"), Draft()
    start, beyond = MATCHED.format(**matched(draft, way, RARE)), _beyond(draft, way)
    statement = start + LOOKED_UP.format(
        columns=_columns(way),
        table=way.table.fullname,
        where=draft.all([*way.conditions, *way.sieve]),
        texts=beyond if by_death else "true",
        first=in_order(way) if by_death else "died_at",
        letters="true" if by_death else beyond,
        order=in_order(way),
        limit=way.limit,
    )
    return await asked(connection, statement, draft)


async def _seen(connection: AsyncConnection, way: Way) -> tuple[Sequence[Any], Count]:
    """How many there are, and where that is exact because they are rare, those that are wanted of them."""
    draft, most = Draft(), min(RARE, RARE_SHOWN * way.limit)
    start = MATCHED.format(**matched(draft, way, most))
    statement = start + SEEN.format(
        columns=_columns(way),
        table=way.table.fullname,
        where=draft.all([*way.conditions, *way.sieve]),
        beyond=_beyond(draft, way),
        order=in_order(way),
        most=most,
        limit=way.limit,
    )
    rows = await asked(connection, statement, draft)
    return [row for row in rows if row.id is not None], Count(min(rows[0].n, most), rows[0].rare)
