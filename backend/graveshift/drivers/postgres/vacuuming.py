"""Clear away the dead rows that claims and the roll-up step over, sooner than autovacuum comes round (a minute)."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.connection import opened

# The tables through which every job passes; what their indexes still name, each claim walks by.
CHURNED = ("jobs", "deltas", "run_deltas")

# So many dead rows make it worth while; in a deep queue, a twentieth of it, because all of its indexes are read.
LITTERED = text("""
SELECT relname FROM pg_stat_user_tables
WHERE schemaname = 'graveshift' AND relname = ANY(CAST(:tables AS text[])) AND n_dead_tup > 10000 + n_live_tup / 20
""")


async def vacuum(engine: AsyncEngine) -> int:
    """How many tables were cleared; one that another is clearing is left to it. Takes no lock that traffic minds."""
    async with opened(engine) as connection:
        names = (await connection.execute(LITTERED, {"tables": list(CHURNED)})).scalars().all()
        for name in names:
            await connection.execute(text(f"VACUUM (SKIP_LOCKED, TRUNCATE false) graveshift.{name}"))
    return len(names)
