"""Letters picked for a run: their native ids, thousands at a time."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Text, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.drivers.postgres.walking import Way, letters, walk
from graveshift.store.position import letter_id

MICROSECONDS = 1_000_000


async def picked(connection: AsyncConnection, way: Way) -> Sequence[str]:
    """In the order of the way. Where their own rows tell, the database spells the ids: a time read here costs more."""
    if way.inside or way.veils is not None:
        places, _ = await walk(connection, way, None)
        return [letter_id(row.died_at, row.id) for row in places]
    found = letters(way).subquery()
    died_us = cast(func.extract("epoch", found.c.died_at) * MICROSECONDS, BigInteger)
    native = cast(died_us, Text) + literal("-") + cast(found.c.id, Text)
    return (await connection.execute(select(native).order_by(found.c.died_at, found.c.id))).scalars().all()
