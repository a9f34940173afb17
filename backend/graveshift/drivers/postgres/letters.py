"""Dead letters, searchable; see `graveshift.driver.Letters`."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graveshift.back import Alike
from graveshift.driver import Count, Frozen
from graveshift.drivers.postgres import counting, explaining, groups
from graveshift.drivers.postgres.chosen import Conditions, led, letters_where, visible
from graveshift.drivers.postgres.connection import Ready, opened
from graveshift.drivers.postgres.picking import picked
from graveshift.drivers.postgres.reading import freeze, letter_detail, listed, now, payloads_at, rows_along, rows_at
from graveshift.drivers.postgres.surveying import survey
from graveshift.drivers.postgres.tables import dead
from graveshift.drivers.postgres.unveiling import veils
from graveshift.drivers.postgres.walking import Position, Walked, Way, walk, way
from graveshift.errors import Invalid
from graveshift.fingerprint import normalise
from graveshift.seen import Explained, Pace
from graveshift.store.position import cursor as encoded
from graveshift.store.position import letter_position, microseconds, moment, numbers_of
from graveshift.veil import Veil
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.groups import Group, Requeued
from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter

# A page of a hundred letters may look for them so long, a longer one longer.
SHOWN = timedelta(milliseconds=3)
# Messages that are kept as they are shown: a list of causes asks for the same ones again and again.
NORMAL = 1024


class PostgresLetters:
    """Pages newest first or oldest first, picks oldest first, all by `(died_at, id)`."""

    def __init__(
        self, engine: AsyncEngine, system: str, veil: Veil | None = None, normal: groups.Normal = normalise
    ) -> None:
        self.system = system
        self.normal = lru_cache(NORMAL)(normal)
        self._engine = engine
        self._ready = Ready(engine)
        self._veil = veil

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Letter]:
        """Raises Invalid for a cursor that is not ours. Where few fit a page may be short and yet not the last."""
        after, common = (None, None) if cursor is None else _position(cursor)
        conditions, sieve = led(chosen, self.system)
        way = self._way(chosen, conditions, limit + 1)
        way = structs.replace(way, sieve=sieve, after=after, common=common, newest_first=sort is Sort.NEWEST)
        async with opened(self._engine) as connection:
            found, rows = await _found(connection, way, limit)
            shown = await counting.count_shown(connection, self._counted(chosen), way, found.total)
            as_of = shown.as_of or await now(connection)
        following = _following(found, limit)
        return Page(listed(rows, self.system), as_of, following, shown.count.n, shown.count.exact)

    async def one(self, native: str) -> LetterDetail | None:
        place = letter_position(native)
        if place is None:
            return None
        async with opened(self._engine) as connection:
            return await letter_detail(connection, place, self.system)

    async def failing(self) -> Pace:
        return await groups.failing(self._engine)

    async def carried(self, chosen: Filter, limit: int) -> Sequence[bytes]:
        """Looked for as long as for a page."""
        conditions, sieve = led(chosen, self.system)
        way = structs.replace(self._way(chosen, conditions, limit), sieve=sieve, newest_first=True)
        async with opened(self._engine) as connection:
            return await payloads_at(connection, (await walk(connection, way, SHOWN)).rows)

    async def groups(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
        return await groups.page(self._engine, self.system, chosen, cursor, limit, normal=self.normal)

    async def group(self, native: str) -> Group | None:
        return await groups.one(self._engine, self.system, native, self.normal)

    async def explain(self, native: str) -> Explained | None:
        return await explaining.explain(self._ready, self.system, native)

    async def requeues(self, native: str, limit: int) -> Sequence[Requeued]:
        return await explaining.requeues(self._ready, native, limit)

    async def freeze(self) -> Frozen:
        async with opened(self._engine) as connection:
            return await freeze(connection)

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count:
        async with opened(self._engine) as connection:
            return await counting.count_letters(connection, self._counted(chosen), frozen)

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        async with opened(self._engine) as connection:
            return await counting.letters_since(connection, self._counted(chosen), frozen)

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        """Native ids; an `after` that is no native id raises Invalid."""
        conditions = [*letters_where(chosen, self.system), visible(dead, frozen)]
        place = None if after is None else letter_position(after)
        if after is not None and place is None:
            raise Invalid("this is no letter to go on after")
        async with opened(self._engine) as connection:
            way = structs.replace(self._way(chosen, conditions, limit), after=place)
            return await picked(connection, way)

    async def survey(self, letters: Sequence[str], queue: str | None = None) -> Sequence[Alike]:
        return await survey(self._engine, letters, queue, self.normal)

    async def close(self) -> None:
        """Give back the connection that is held."""
        await self._ready.close()

    def _way(self, chosen: Filter, conditions: Conditions, limit: int) -> Way:
        return way(chosen, conditions, veils(chosen, self._veil), limit)

    def _counted(self, chosen: Filter) -> counting.Counted:
        return counting.Counted(chosen, self.system, veils(chosen, self._veil))


async def _found(connection: AsyncConnection, way: Way, limit: int) -> tuple[Walked, Sequence[Any]]:
    """What is on the way, and the rows of so many letters of it."""
    if way.is_plain:
        rows = await rows_along(connection, way)
        return Walked(rows), rows[:limit]
    walked = await walk(connection, way, SHOWN * max(1, limit / 100))
    return walked, await rows_at(connection, walked.rows[:limit])


def _following(found: Walked, limit: int) -> str | None:
    """The cursor after so many letters, or from where the walk came to; it keeps that they were seen to be common."""
    at = found.stopped if len(found.rows) <= limit else (found.rows[limit - 1].died_at, found.rows[limit - 1].id)
    common = [] if found.total is None or found.total.exact else [found.total.n]
    return None if at is None else encoded(microseconds(at[0]), at[1], *common)


def _position(text: str) -> tuple[Position, int | None]:
    """Where a page begins, and how many letters there are at least, where that was seen."""
    try:
        us, job, *common = numbers_of(text, 3)
    except Invalid:
        us, job, *common = numbers_of(text, 2)
    try:
        return (moment(us), job), common[0] if common else None
    except OverflowError as error:
        raise Invalid("the cursor is not one of ours") from error
