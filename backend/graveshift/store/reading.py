"""Pages of the ledger's tables, newest first by a number that only grows."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Column, ColumnElement, RowMapping, Select, Table, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.engine import open_look
from graveshift.store.position import cursor as cursor_of
from graveshift.store.position import numbers_of
from graveshift.wire.page import Page

T = TypeVar("T")
COUNT_TO = 10_000


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
    chosen = true() if only is None else only
    before = key < numbers_of(cursor, 1)[0] if cursor else true()
    wanted = select(table).where(chosen, before).order_by(key.desc()).limit(limit + 1)
    async with open_look(engine) as unit:
        counted = (await unit.execute(_count(table, chosen))).one()  # first: its clock is never later than the rows
        rows = (await unit.execute(wanted)).mappings().all()
    more = len(rows) > limit
    return Page(
        items=[read(row) for row in rows[:limit]],
        as_of=counted.as_of,
        next_cursor=cursor_of(rows[limit - 1][key.name]) if more else None,
        total=min(counted.n, COUNT_TO),
        total_is_exact=counted.n <= COUNT_TO,
    )


def _count(table: Table, chosen: ColumnElement[bool]) -> Select[int, datetime]:
    """How many there are, counted no further than needed to say "10,000+"; and the database's clock."""
    some = select(literal(1)).select_from(table).where(chosen).limit(COUNT_TO + 1).subquery()
    return select(func.count().label("n"), func.now().label("as_of")).select_from(some)
