"""Open the partitions of the days to come and drop what is past keeping, a partition at a time."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres import forgetting
from graveshift.drivers.postgres.connection import read, sqlstate
from graveshift.errors import DatabaseUnavailable
from graveshift.store.engine import open_unit
from graveshift.work import Guard, Keeping

OPEN = text("SELECT graveshift.open_partitions() FROM set_config('lock_timeout', '200ms', true)")

# A day's partition is past keeping when all of the day is.
EXPIRED = text("""
SELECT parents.name AS parent, c.relname AS name, now() - make_interval(days => parents.keep) AS keep_from
FROM (VALUES ('dead', CAST(:dead AS integer)), ('trash', CAST(:trash AS integer)), ('settled', CAST(:trash AS integer)),
             ('done', CAST(:done AS integer)), ('attempts', CAST(:history AS integer))) parents (name, keep)
JOIN pg_inherits i ON i.inhparent = to_regclass('graveshift.' || parents.name)
JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relname ~ '_[0-9]{8}$'
  AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - parents.keep
ORDER BY c.relname
""")

# The texts of a day stay while a letter that died then is anywhere it can be read or come back from. Once there is none
# there never is one again, so nothing is looked up a second time under a lock.
SPENT = text("""
SELECT 'dead_text' AS parent, days.name, now() AS keep_from
FROM (SELECT c.relname AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = to_regclass('graveshift.dead_text') AND c.relname ~ '_[0-9]{8}$') days,
LATERAL (SELECT days.day::timestamp AT TIME ZONE 'UTC' AS low, (days.day + 1)::timestamp AT TIME ZONE 'UTC' AS high) day
WHERE days.day < (now() AT TIME ZONE 'UTC')::date - CAST(:dead AS integer)
  AND NOT EXISTS (SELECT FROM graveshift.dead WHERE died_at >= low AND died_at < high)
  AND NOT EXISTS (SELECT FROM graveshift.settled WHERE died_at >= low AND died_at < high)
  AND NOT EXISTS (SELECT FROM graveshift.trash WHERE died_at >= low AND died_at < high)
ORDER BY days.name
""")
DROP_DAY = text("SELECT graveshift.drop_day(:parent, :name, :keep_from)")

# Payloads go by ten millions of ids once only a few of them are needed; what a producer is about to use stays.
FEW = 1000
UNUSED = text("""
SELECT step FROM (SELECT CAST(substring(c.relname FROM '[0-9]+$') AS bigint) AS step FROM pg_inherits i
                  JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent = to_regclass('graveshift.payloads') AND c.relname ~ '_[0-9]+$') steps
WHERE (step + 1) * 10000000 <= (SELECT last_value FROM graveshift.job_id)
  AND CAST(:few AS integer) >= (
      SELECT count(*) FROM graveshift.needed(step * 10000000, (step + 1) * 10000000, CAST(:few AS integer) + 1))
ORDER BY step
""")
DROP_PAYLOADS = text("SELECT graveshift.drop_payloads(:step, :few)")

# Somebody reads or writes there right now: it is asked again, and at the next turn after that.
BUSY = ("55P03", "40P01")
TRIES, PAUSE_S = 5, 0.5
log = structlog.get_logger(__name__)


async def prune(engine: AsyncEngine, keep: Keeping, guard: Guard) -> int:
    """How many partitions were opened and dropped."""
    opened = int(await _stepped(engine, guard, OPEN, {}) or 0)
    days = {"done": keep.done_days, "dead": keep.dead_days, "trash": keep.trash_days, "history": keep.history_days}
    dropped = 0
    for candidates, drop in ((EXPIRED, DROP_DAY), (SPENT, DROP_DAY), (UNUSED, DROP_PAYLOADS)):
        for partition in await read(engine, candidates, {**days, "few": FEW}):
            named = dict(partition._mapping) | ({"few": FEW} if drop is DROP_PAYLOADS else {})
            dropped += bool(await _stepped(engine, guard, drop, named))
    await forgetting.forget(engine, keep, guard)
    return opened + dropped


async def _stepped(engine: AsyncEngine, guard: Guard, statement: TextClause, named: Mapping[str, Any]) -> Any:
    """What one step in a transaction of its own says; None where others were in the way all the time."""
    for _ in range(TRIES):
        try:
            async with open_unit(engine) as unit:
                await guard(unit)
                said = (await unit.execute(statement, named)).scalar_one()
                await unit.commit()
                return said
        except DatabaseUnavailable as error:
            if not (isinstance(error.__cause__, DBAPIError) and sqlstate(error.__cause__) in BUSY):
                raise
            await asyncio.sleep(PAUSE_S)
    log.warning("partition_busy", **{key: value for key, value in named.items() if key in ("name", "step")})
    return None
