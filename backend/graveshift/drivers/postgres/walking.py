"""Walk through letters in the order of death: flat on a million rows, for rare words and for common ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Row,
    Select,
    Text,
    and_,
    func,
    literal,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.drivers.postgres.chosen import Conditions
from graveshift.drivers.postgres.tables import dead, dead_text

# A word that matches more texts than this is common: letters are then walked in windows, not looked up by the word.
# Windows begin with a few times what is wanted, which is enough for most common words, and grow.
RARE = 10_000
WINDOW = 20_000
FIRST, GROWTH = 4, 5

Position = tuple[datetime, int]


class Way(Struct, frozen=True):
    """Which letters, in which direction, strictly after which one; `words` None means any text."""

    conditions: Conditions
    words: str | None
    after: Position | None
    newest_first: bool
    limit: int


async def walk(
    connection: AsyncConnection, way: Way, windows: int | None
) -> tuple[Sequence[Row[Any]], Position | None]:
    """Up to `limit` letters as `(died_at, id)`, and where the walk stopped short of that; None where it did not.

    Looking for common words it stops after so many windows, None meaning never; with so many, it looks into the first
    one before it asks how common they are.
    """
    if way.words is None:
        return await _first(connection, _letters(way)), None
    if windows is not None:
        found, after = await _in_windows(connection, way, way.words, 1)
        if len(found) == way.limit or after is None:
            return found, None
    if await is_rare(connection, way.words):
        matched = matches(way.words)
        joined = dead.join(matched, _same(dead, matched))
        return await _first(connection, _letters(way).select_from(joined)), None
    return await _in_windows(connection, way, way.words, windows)


async def is_rare(connection: AsyncConnection, words: str) -> bool:
    """True where looking the words up is cheap."""
    found = await connection.scalar(select(func.count()).select_from(matches(words)))
    return are_all(found or 0)


def are_all(texts: int) -> bool:
    """True where `matches` gave so many that there are no more of them."""
    return texts <= RARE


def matches(words: str) -> CTE:
    """Texts with these words, one more than `RARE` at most; materialised, or a rare word would walk the whole table."""
    some = select(dead_text.c.died_at, dead_text.c.id).where(has(words)).limit(RARE + 1)
    return some.cte("matched").prefix_with("MATERIALIZED")


def has(words: str) -> ColumnElement[bool]:
    """True for texts that contain all the words."""
    query: ColumnElement[str] = func.plainto_tsquery(literal_column("CAST('simple' AS regconfig)", Text), words)
    return dead_text.c.search.bool_op("@@")(query)


def _same(left: FromClause, right: FromClause) -> ColumnElement[bool]:
    return and_(left.c.died_at == right.c.died_at, left.c.id == right.c.id)


def _letters(way: Way) -> Select[Any]:
    order = (dead.c.died_at.desc(), dead.c.id.desc()) if way.newest_first else (dead.c.died_at, dead.c.id)
    chosen = select(dead.c.died_at, dead.c.id).where(*way.conditions).order_by(*order).limit(way.limit)
    return chosen if way.after is None else chosen.where(*_beyond(way.after, way.newest_first))


def _beyond(after: Position, newest_first: bool) -> Conditions:
    """Strictly after a position; the plain comparison lets PostgreSQL leave out whole days."""
    when = literal(after[0], DateTime(timezone=True))
    here = tuple_(when, literal(after[1], BigInteger))
    key = tuple_(dead.c.died_at, dead.c.id)
    return [dead.c.died_at <= when, key < here] if newest_first else [dead.c.died_at >= when, key > here]


async def _first(connection: AsyncConnection, statement: Select[Any]) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
    return rows


async def _in_windows(
    connection: AsyncConnection, way: Way, words: str, windows: int | None
) -> tuple[Sequence[Row[Any]], Position | None]:
    found: list[Row[Any]] = []
    after, wide = way.after, min(FIRST * way.limit, WINDOW)
    while windows is None or windows > 0:
        rest = Way(way.conditions, None, after, way.newest_first, wide)
        found += await _first(connection, _with_words(rest, words, way.limit - len(found)))
        if len(found) == way.limit:
            return found, None
        last = await _first(connection, _letters(rest).limit(1).offset(wide - 1))
        if not last:
            return found, None
        after, wide = (last[0].died_at, last[0].id), min(GROWTH * wide, WINDOW)
        windows = None if windows is None else windows - 1
    return found, after


def _with_words(way: Way, words: str, limit: int) -> Select[Any]:
    window = _letters(way).cte("seen").prefix_with("MATERIALIZED")
    order = (window.c.died_at.desc(), window.c.id.desc()) if way.newest_first else (window.c.died_at, window.c.id)
    joined = window.join(dead_text, _same(window, dead_text))
    return select(window.c.died_at, window.c.id).select_from(joined).where(has(words)).order_by(*order).limit(limit)
