"""Pages of the ledger's tables, newest first by a number that only grows."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    RowMapping,
    Select,
    Table,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.engine import open_look
from graveshift.store.position import cursor as cursor_of
from graveshift.store.position import numbers_of
from graveshift.wire.page import Page

T = TypeVar("T")
COUNT_TO = 10_000
# Beside a table's own columns, so named as none of them is.
COUNTED, AS_OF = "page_counted", "page_as_of"
BEFORE, LIMIT = "page_before", "page_limit"


async def newest_first(
    engine: AsyncEngine,
    table: Table,
    key: Column[int],
    read: Callable[[RowMapping], T],
    *,
    cursor: str | None,
    limit: int,
    only: ColumnElement[bool] | None = None,
) -> Page[T]:
    """A page of `table` ordered by `key` downwards, of the rows that `only` holds for."""
    named = {BEFORE: numbers_of(cursor, 1)[0] if cursor else None, LIMIT: limit + 1}
    wanted = _all_of(table, key) if only is None else _page(table, key, only)
    async with open_look(engine) as unit:
        found = (await unit.execute(wanted, named)).mappings().all()
    counted, rows = found[0], [row for row in found if row[key.name] is not None]
    more = len(rows) > limit
    return Page(
        items=[read(row) for row in rows[:limit]],
        as_of=counted[AS_OF],
        next_cursor=cursor_of(rows[limit - 1][key.name]) if more else None,
        total=min(counted[COUNTED], COUNT_TO),
        total_is_exact=counted[COUNTED] <= COUNT_TO,
    )


@cache
def _all_of(table: Table, key: Column[int]) -> Select[Any]:
    """Made once: putting a statement together takes longer than the database does to answer it."""
    return _page(table, key, true())


def _page(table: Table, key: Column[int], chosen: ColumnElement[bool]) -> Select[Any]:
    """No row below the cursor still gives one, which says how many there are."""
    start = bindparam(BEFORE, type_=BigInteger)
    before = or_(start.is_(None), key < start)
    wanted = select(table).where(chosen, before).order_by(key.desc()).limit(bindparam(LIMIT, type_=Integer)).subquery()
    counts = _count(table, chosen).subquery()
    both = select(counts, wanted).select_from(counts.outerjoin(wanted, true()))
    return both.order_by(wanted.c[key.name].desc())


def _count(table: Table, chosen: ColumnElement[bool]) -> Select[int, datetime]:
    """How many there are, counted no further than needed to say "10,000+"; and the database's clock."""
    some = select(literal(1)).select_from(table).where(chosen).limit(COUNT_TO + 1).subquery()
    return select(func.count().label(COUNTED), func.now().label(AS_OF)).select_from(some)
