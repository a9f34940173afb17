"""Discarded letters, to be looked at and chosen from; see `graveshift.driver.Trash`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, DateTime, Row, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Count, Frozen
from graveshift.drivers.postgres.chosen import Conditions, arrived, letters_where, visible
from graveshift.drivers.postgres.connection import opened, read
from graveshift.drivers.postgres.counting import capped
from graveshift.drivers.postgres.reading import HISTORY, LISTED, fields, freeze, now
from graveshift.drivers.postgres.tables import trash
from graveshift.drivers.postgres.text import raw
from graveshift.errors import Invalid
from graveshift.store.position import cursor as encoded
from graveshift.store.position import letter_id, letter_position, microseconds, moment, numbers_of
from graveshift.wire.dlq import Attempt
from graveshift.wire.page import Page
from graveshift.wire.selection import Filter
from graveshift.wire.trash import Discarded, DiscardedDetail

LETTERS = text("""
SELECT t.*, left(coalesce(x.error_message, ''), CAST(:listed AS integer)) AS error_message
FROM unnest(CAST(:discarded_ats AS timestamptz[]), CAST(:ids AS bigint[])) WITH ORDINALITY AS u (at, id, place)
JOIN graveshift.trash t ON t.discarded_at = u.at AND t.id = u.id
LEFT JOIN graveshift.dead_text x ON x.died_at = t.died_at AND x.id = t.id
ORDER BY u.place
""")
LETTER = text("""
SELECT t.*, coalesce(x.error_message, '') AS error_message, x.traceback, CAST(x.payload AS text) AS payload
FROM graveshift.trash t LEFT JOIN graveshift.dead_text x USING (died_at, id)
WHERE t.died_at = :died_at AND t.id = :id
""")
STANDING = text("""
SELECT t.died_at, t.id FROM graveshift.trash t
JOIN unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) AS u (died_at, id) USING (died_at, id)
""")


class PostgresTrash:
    """Pages newest discarded first, picks by job id, of which each is here once at most."""

    def __init__(self, engine: AsyncEngine, system: str) -> None:
        self.system = system
        self._engine = engine

    async def page(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Discarded]:
        """Raises Invalid for a cursor that is not ours."""
        conditions = letters_where(chosen, self.system, trash)
        order = (trash.c.discarded_at.desc(), trash.c.id.desc())
        rest = [*conditions, *([] if cursor is None else _before(cursor))]
        wanted = select(trash.c.discarded_at, trash.c.id).where(*rest).order_by(*order).limit(limit + 1)
        async with opened(self._engine) as connection:
            places = (await connection.execute(wanted)).all()
            count = await capped(connection, trash, conditions)
            named = {"discarded_ats": [p.discarded_at for p in places[:limit]], "ids": [p.id for p in places[:limit]]}
            rows = (await connection.execute(LETTERS, {**named, "listed": LISTED})).all()
            as_of = await now(connection)
        last = places[limit - 1] if len(places) > limit else None
        following = None if last is None else encoded(microseconds(last.discarded_at), last.id)
        return Page([Discarded(**_fields(row, self.system)) for row in rows], as_of, following, count.n, count.exact)

    async def one(self, native: str) -> DiscardedDetail | None:
        place = letter_position(native)
        if place is None:
            return None
        named = {"died_at": place[0], "id": place[1]}
        async with opened(self._engine) as connection:
            row = (await connection.execute(LETTER, named)).one_or_none()
            if row is None:
                return None
            history = [Attempt(*tried) for tried in await connection.execute(HISTORY, named)]
        carried = {"payload": raw(row.payload or "null"), "traceback": row.traceback, "history": history}
        return DiscardedDetail(**_fields(row, self.system), **carried)

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        places = {native: place for native in letters if (place := letter_position(native)) is not None}
        named = {"died_ats": [died_at for died_at, _ in places.values()], "ids": [job for _, job in places.values()]}
        found = {(row.died_at, row.id) for row in await read(self._engine, STANDING, named)}
        return [native for native, place in places.items() if place in found]

    async def freeze(self) -> Frozen:
        async with opened(self._engine) as connection:
            return await freeze(connection)

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count:
        conditions = letters_where(chosen, self.system, trash)
        if frozen is not None:
            conditions.append(visible(trash, frozen))
        async with opened(self._engine) as connection:
            return await capped(connection, trash, conditions)

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        conditions = [*letters_where(chosen, self.system, trash), *arrived(trash, frozen)]
        async with opened(self._engine) as connection:
            return await capped(connection, trash, conditions)

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        """Native ids; an `after` that is no native id raises Invalid."""
        conditions = [*letters_where(chosen, self.system, trash), visible(trash, frozen)]
        if after is not None:
            place = letter_position(after)
            if place is None:
                raise Invalid("this is no letter to go on after")
            conditions.append(trash.c.id > place[1])
        wanted = select(trash.c.died_at, trash.c.id).where(*conditions).order_by(trash.c.id).limit(limit)
        return [letter_id(row.died_at, row.id) for row in await read(self._engine, wanted)]


def _before(cursor: str) -> Conditions:
    """Strictly after a position, in a page's order; the plain comparison lets PostgreSQL leave out whole days."""
    us, job = numbers_of(cursor, 2)
    try:
        when = literal(moment(us), DateTime(timezone=True))
    except OverflowError as error:
        raise Invalid("the cursor is not one of ours") from error
    here = tuple_(when, literal(job, BigInteger))
    return [trash.c.discarded_at <= when, tuple_(trash.c.discarded_at, trash.c.id) < here]


def _fields(row: Row[Any], system: str) -> dict[str, Any]:
    return {**fields(row, system), "discarded_at": row.discarded_at, "discarded_by": str(row.discarded_by)}
