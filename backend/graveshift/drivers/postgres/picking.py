"""Letters picked for a run: their native ids, thousands at a time."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.drivers.postgres.drafting import Draft, asked
from graveshift.drivers.postgres.walking import Way, along, in_order, walk
from graveshift.store.position import letter_id

# A time that is read here costs more than all else of picking it.
NATIVES = """
SELECT CAST(CAST(extract(epoch FROM died_at) * 1000000 AS bigint) AS text) || '-' || id AS native
FROM ({found}) found ORDER BY {order}
"""


async def picked(connection: AsyncConnection, way: Way) -> Sequence[str]:
    """In the order of the way. Where their own rows tell, the database spells the ids."""
    if way.inside or way.veils is not None:
        walked = await walk(connection, way)
        return [letter_id(died_at, job) for died_at, job, *_ in walked.rows]
    draft = Draft()
    found = along(draft, way, way.order)
    return [row.native for row in await asked(connection, NATIVES.format(found=found, order=in_order(way)), draft)]
