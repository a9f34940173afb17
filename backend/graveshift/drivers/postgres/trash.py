"""Discarded letters, to be looked at and chosen from; see `graveshift.driver.Trash`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec import structs
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Count, Frozen
from graveshift.drivers.postgres.chosen import Conditions, arrived, letters_where, visible
from graveshift.drivers.postgres.connection import opened, read
from graveshift.drivers.postgres.counting import CAP, count_carrying
from graveshift.drivers.postgres.reading import HISTORY, LISTED, fields, freeze, now
from graveshift.drivers.postgres.tables import trash
from graveshift.drivers.postgres.text import raw
from graveshift.drivers.postgres.unveiling import veils
from graveshift.drivers.postgres.walking import Position, Way, walk
from graveshift.drivers.postgres.walking import way as way_to
from graveshift.errors import Invalid
from graveshift.store.position import cursor as encoded
from graveshift.store.position import letter_id, letter_position, microseconds, moment, numbers_of
from graveshift.veil import Veil
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

# A page may look for letters so long.
SHOWN = timedelta(milliseconds=5)
NEWEST, BY_ID = ("discarded_at", "id"), ("id",)


class PostgresTrash:
    """Pages newest discarded first, picks by job id, of which each is here once at most."""

    def __init__(self, engine: AsyncEngine, system: str, veil: Veil | None = None) -> None:
        self.system = system
        self._engine = engine
        self._veil = veil

    async def page(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Discarded]:
        """Raises Invalid for a cursor that is not ours. By what letters carry, it may be short and yet not the last."""
        after = None if cursor is None else _position(cursor)
        every = self._way(chosen, limit + 1, NEWEST)
        paged = structs.replace(every, after=after, newest_first=True)
        async with opened(self._engine) as connection:
            walked = await walk(connection, paged, SHOWN)
            places, stopped = walked.rows, walked.stopped
            count = await count_carrying(connection, structs.replace(every, limit=CAP + 1))
            named = {"discarded_ats": [p.discarded_at for p in places[:limit]], "ids": [p.id for p in places[:limit]]}
            rows = (await connection.execute(LETTERS, {**named, "listed": LISTED})).all()
            as_of = await now(connection)
        if len(places) > limit:
            stopped = (places[limit - 1].discarded_at, places[limit - 1].id)
        following = None if stopped is None else encoded(microseconds(stopped[0]), stopped[1])
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
        more = [] if frozen is None else [visible(trash, frozen)]
        async with opened(self._engine) as connection:
            return await count_carrying(connection, self._way(chosen, CAP + 1, NEWEST, more))

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        async with opened(self._engine) as connection:
            return await count_carrying(connection, self._way(chosen, CAP + 1, NEWEST, arrived(trash, frozen)))

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        """Native ids; an `after` that is no native id raises Invalid."""
        place = None if after is None else letter_position(after)
        if after is not None and place is None:
            raise Invalid("this is no letter to go on after")
        picked = self._way(chosen, limit, BY_ID, [visible(trash, frozen)])
        async with opened(self._engine) as connection:
            way = structs.replace(picked, after=None if place is None else (place[1],))
            walked = await walk(connection, way)
        return [letter_id(row.died_at, row.id) for row in walked.rows]

    def _way(self, chosen: Filter, limit: int, order: tuple[str, ...], more: Conditions | None = None) -> Way:
        conditions = [*letters_where(chosen, self.system, trash), *(more or [])]
        to_them = way_to(chosen, conditions, veils(chosen, self._veil), limit)
        return structs.replace(to_them, table=trash, order=order, texts=None)


def _position(text: str) -> Position:
    us, job = numbers_of(text, 2)
    try:
        return moment(us), job
    except OverflowError as error:
        raise Invalid("the cursor is not one of ours") from error


def _fields(row: Row[Any], system: str) -> dict[str, Any]:
    return {**fields(row, system), "discarded_at": row.discarded_at, "discarded_by": str(row.discarded_by)}
