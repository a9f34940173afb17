"""Open the partitions of the days to come, and drop what is past keeping."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.connection import read, write

OPEN = text("SELECT graveshift.open_partitions()")

# A day's partition is past keeping when all of the day is.
EXPIRED = text("""
SELECT parents.name AS parent, c.relname AS name
FROM unnest(ARRAY['attempts', 'done', 'dead', 'dead_text', 'settled']) parents (name)
JOIN pg_inherits i ON i.inhparent = to_regclass('graveshift.' || parents.name)
JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relname ~ '_[0-9]{8}$'
  AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - CAST(:keep_days AS integer)
""")

# Payloads go when no job, letter or undo can ask for them: ids only grow.
UNUSED = text("""
SELECT 'payloads' AS parent, c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass('graveshift.payloads') AND c.relname ~ '_[0-9]+$'
  AND (CAST(substring(c.relname FROM '[0-9]+$') AS bigint) + 1) * 10000000 <= (
      SELECT min(first) FROM (
          SELECT min(id) AS first FROM graveshift.jobs UNION ALL SELECT min(id) FROM graveshift.dead
          UNION ALL SELECT min(id) FROM graveshift.done UNION ALL SELECT min(id) FROM graveshift.settled
          UNION ALL SELECT last_value FROM graveshift.job_id) firsts)
""")

DROP = text("SELECT graveshift.drop_partition(:parent, :name)")

# What lies in a default partition goes row by row, and is counted out by the triggers.
LATE = (
    text(
        "DELETE FROM graveshift.attempts_rest WHERE finished_at < now() - make_interval(days => CAST(:days AS integer))"
    ),
    text("DELETE FROM graveshift.done_rest WHERE finished_at < now() - make_interval(days => CAST(:days AS integer))"),
    text("DELETE FROM graveshift.dead WHERE died_at < now() - make_interval(days => CAST(:days AS integer))"),
    text("DELETE FROM graveshift.dead_text_rest WHERE died_at < now() - make_interval(days => CAST(:days AS integer))"),
    text(
        "DELETE FROM graveshift.settled_rest WHERE settled_at < now() - make_interval(days => CAST(:days AS integer))"
    ),
    text("DELETE FROM graveshift.flow WHERE bucket < now() - interval '1 hour'"),
    text("DELETE FROM graveshift.group_flow WHERE bucket < now() - interval '1 hour'"),
)


async def prune(engine: AsyncEngine, keep_days: int) -> int:
    """How many partitions were opened and dropped."""
    changed = int((await write(engine, OPEN))[0][0])
    gone = [*await read(engine, EXPIRED, {"keep_days": keep_days}), *await read(engine, UNUSED)]
    for partition in gone:
        await write(engine, DROP, {"parent": partition.parent, "name": partition.name})
    for late in LATE:
        await write(engine, late, {"days": keep_days + 1} if "days" in late.compile().params else {})
    return changed + len(gone)
