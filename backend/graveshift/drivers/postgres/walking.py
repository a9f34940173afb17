"""Walk through letters in an order of theirs: flat on a million rows, for what is rare and for what is common."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import (
    CTE,
    FromClause,
    Row,
    Select,
    Table,
    and_,
    false,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.util import ClauseAdapter

from graveshift.drivers.postgres.chosen import Conditions, inside
from graveshift.drivers.postgres.tables import dead, dead_text
from graveshift.drivers.postgres.unveiling import Veils, uncovered
from graveshift.wire.selection import Filter

# What more texts and payloads match than this is common: letters are then walked in windows, not looked up by it.
# Windows begin with a few times what is wanted, which is enough for most that is common, and grow.
RARE = 10_000
WINDOW = 10_000
FIRST, GROWTH = 4, 5
# Secret values are in no index: so many letters at once are looked into.
LOOKED_AT = 2_000

Position = tuple[datetime, int]


class Way(Struct, frozen=True, kw_only=True):
    """Which letters, in which direction, strictly after which one.

    `sieve` are more conditions, which the index that serves the first ones knows nothing of: few may fit of many rows.
    `inside` are conditions on what they carry, `indexed` where at least one of them is not a negation; `order` are the
    columns of `table` they stand in order by, and `after` is a value of each.
    """

    conditions: Conditions
    sieve: Conditions = []
    inside: Conditions = []
    indexed: bool = False
    veils: Veils | None = None
    after: tuple[Any, ...] | None = None
    newest_first: bool = False
    limit: int
    table: Table = dead
    order: tuple[str, ...] = ("died_at", "id")


def way(chosen: Filter, conditions: Conditions, veils: Veils | None, limit: int) -> Way:
    """To the letters of a filter, of which `conditions` are those on their own rows."""
    indexed = bool(chosen.text or chosen.phrases or chosen.payload or chosen.contains)
    return Way(conditions=conditions, inside=inside(chosen), indexed=indexed, veils=veils, limit=limit)


async def walk(
    connection: AsyncConnection, way: Way, windows: int | None
) -> tuple[Sequence[Row[Any]], tuple[Any, ...] | None]:
    """Up to `limit` letters, and the position where the walk stopped short of that; None where it did not.

    Rows have `died_at` and `id`, and what they are in order by. Looking into what they carry it stops after so many
    windows, None meaning never; with so many, it looks into the first one before it asks how common that is.
    """
    if way.veils is None:
        return await _walk(connection, way, windows)
    found: list[Row[Any]] = []
    after, seen = way.after, 0
    while windows is None or seen < windows:
        part = structs.replace(way, veils=None, after=after, limit=LOOKED_AT)
        rows, stopped = await _walk(connection, part, windows)
        found += await uncovered(connection, rows, way.veils)
        if len(found) >= way.limit:
            return found[: way.limit], None
        if stopped is None and len(rows) < LOOKED_AT:
            return found, None
        after = stopped or position(rows[-1], way.order)
        seen += 1
    return found, after


async def _walk(
    connection: AsyncConnection, way: Way, windows: int | None
) -> tuple[Sequence[Row[Any]], tuple[Any, ...] | None]:
    if not way.inside and (not way.sieve or windows is None):
        return await _first(connection, letters(whole(way))), None
    if not way.indexed:
        return await _in_windows(connection, way, windows)
    if windows is not None:
        found, after = await _in_windows(connection, way, 1)
        if len(found) == way.limit or after is None:
            return found, None
    if await is_rare(connection, way.inside):
        return await _first(connection, _looked_up(whole(way))), None
    return await _in_windows(connection, way, windows)


def whole(way: Way) -> Way:
    """The same without a difference between conditions."""
    return structs.replace(way, conditions=[*way.conditions, *way.sieve], sieve=[])


def position(row: Row[Any], order: Sequence[str]) -> tuple[Any, ...]:
    """Where a row stands."""
    return tuple(getattr(row, name) for name in order)


async def is_rare(connection: AsyncConnection, inside: Conditions) -> bool:
    """True where looking letters up by what they carry is cheap."""
    found = await connection.scalar(select(func.count()).select_from(matches(inside)))
    return are_all(found or 0)


def are_all(texts: int) -> bool:
    """True where `matches` gave so many that there are no more of them."""
    return texts <= RARE


def matches(inside: Conditions, most: int = RARE) -> CTE:
    """What letters carry that these hold for, one more than so many at most.

    Materialised, or what is rare would walk the whole table.
    """
    some = select(dead_text.c.died_at, dead_text.c.id).where(*inside).limit(most + 1)
    return some.cte("matched").prefix_with("MATERIALIZED")


def same(left: FromClause, right: FromClause) -> Any:
    """True for the row of the same letter."""
    return and_(left.c.died_at == right.c.died_at, left.c.id == right.c.id)


def letters(way: Way) -> Select[Any]:
    """Letters by their own rows, whatever they carry."""
    columns = dict.fromkeys(["died_at", "id", *way.order])
    chosen = select(*(way.table.c[name] for name in columns)).where(*way.conditions).limit(way.limit)
    chosen = chosen.order_by(*_ordered(way, way.table))
    return chosen if way.after is None else chosen.where(*_beyond(way, way.after))


def _ordered(way: Way, rows: FromClause) -> list[Any]:
    return [rows.c[name].desc() if way.newest_first else rows.c[name] for name in way.order]


def _beyond(way: Way, after: tuple[Any, ...], rows: FromClause | None = None) -> Conditions:
    """Strictly after a position; the plain comparison lets PostgreSQL leave out whole days."""
    columns = [(way.table if rows is None else rows).c[name] for name in way.order]
    here = [literal(value, column.type) for value, column in zip(after, columns, strict=True)]
    if way.newest_first:
        return [columns[0] <= here[0], tuple_(*columns) < tuple_(*here)]
    return [columns[0] >= here[0], tuple_(*columns) > tuple_(*here)]


def _looked_up(way: Way) -> Select[Any]:
    """Letters by what they carry. By death the texts are put in order first, and only so many letters looked at."""
    by_death = way.order == ("died_at", "id")
    some = matches(way.inside)
    texts = select(some).offset(0)
    if by_death:
        texts = texts.order_by(*_ordered(way, some))
        texts = texts if way.after is None else texts.where(*_beyond(way, way.after, some))
    found = texts.subquery("texts")
    rest = structs.replace(way, after=None if by_death else way.after)
    each = letters(rest).order_by(None).limit(None).offset(0).where(same(way.table, found)).lateral("each")
    joined = select(*each.c).select_from(found.join(each, true()))
    return joined.order_by(*_ordered(way, found if by_death else each)).limit(way.limit)


async def _first(connection: AsyncConnection, statement: Select[Any]) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
    return rows


async def _in_windows(
    connection: AsyncConnection, way: Way, windows: int | None
) -> tuple[Sequence[Row[Any]], tuple[Any, ...] | None]:
    found: list[Row[Any]] = []
    after, wide = way.after, min(FIRST * way.limit, WINDOW)
    while windows is None or windows > 0:
        rest = structs.replace(way, after=after, limit=wide)
        rows = await _first(connection, _sifted(rest, way.limit - len(found)))
        found += [row for row in rows if row.fits]
        if len(found) == way.limit:
            return found, None
        last = next((row for row in rows if not row.fits), None)
        if last is None:
            return found, None
        after, wide = position(last, way.order), min(GROWTH * wide, WINDOW)
        windows = None if windows is None else windows - 1
    return found, after


def _sifted(way: Way, limit: int) -> Select[Any]:
    """Of a window those that fit, and after them its last row where it is full: from there the walk goes on.

    What a letter carries is looked at by key: the index of all that others carry would be asked for each window anew.
    """
    judged = letters(way).add_columns(and_(true(), *way.sieve).label("fits"))
    window = judged.cte("seen").prefix_with("MATERIALIZED")
    hits = select(*window.c).where(window.c.fits)
    if way.inside:
        carried = select(dead_text).where(same(dead_text, window)).correlate(window).offset(0).lateral("carried")
        hits = hits.select_from(window.join(carried, true())).where(*_on(carried, way.inside))
    few = hits.order_by(*_ordered(way, window)).limit(limit).subquery()
    columns = [column for name, column in window.c.items() if name != "fits"]
    last = select(*columns, false().label("fits")).order_by(*_ordered(way, window)).offset(way.limit - 1).limit(1)
    both = union_all(select(*few.c), last.subquery().select()).subquery()
    return select(*both.c).order_by(both.c.fits.desc(), *_ordered(way, both))


def _on(carried: FromClause, inside: Conditions) -> Conditions:
    """The same conditions, on what was looked at by key."""
    adapt = ClauseAdapter(carried)
    return [adapt.traverse(condition) for condition in inside]
