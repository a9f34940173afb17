"""How many letters and jobs match: told by the roll-up where it can tell, else counted up to a cap."""

from sqlalchemy import Table, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.driver import Count, Frozen
from graveshift.drivers.postgres import payloads
from graveshift.drivers.postgres.chosen import Conditions, arrived, jobs_where, letters_where, visible
from graveshift.drivers.postgres.tables import dead, jobs
from graveshift.drivers.postgres.walking import are_all, matches
from graveshift.wire.selection import Filter

# What is counted at most.
CAP = 10_000

DEPTH = text("""
SELECT coalesce(sum(n), 0) FROM (
    SELECT queue, what, n FROM graveshift.depth UNION ALL SELECT queue, what, n FROM graveshift.deltas) every
WHERE what = ANY(CAST(:states AS text[])) AND (CAST(:queue AS text) IS NULL OR queue = :queue)
""")

# Causes that were folded into `other` cannot be told apart: then nothing is said.
GROUPED = text("""
SELECT sum(n) AS n, bool_or(fingerprint = 'other') AS folded FROM (
    SELECT queue, kind, fingerprint, dead AS n FROM graveshift.groups
    UNION ALL SELECT queue, kind, fingerprint, n FROM graveshift.deltas WHERE what = 'dead') every
WHERE (CAST(:queue AS text) IS NULL OR queue = :queue) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
  AND (CAST(:fingerprint AS text) IS NULL OR fingerprint IN (:fingerprint, 'other'))
""")


async def count_letters(
    connection: AsyncConnection, chosen: Filter, system: str, frozen: Frozen | None = None
) -> Count:
    """Letters that match, and that the frozen selection can see."""
    told = await _told(connection, chosen, system)
    if told is not None and frozen is None:
        return Count(told)
    conditions = letters_where(chosen, system)
    if told is not None and frozen is not None:
        since = await capped(connection, dead, [*conditions, *arrived(dead, frozen)])
        if since.exact:
            return Count(max(told - since.n, 0))
    if frozen is not None:
        conditions.append(visible(dead, frozen))
    return await _counted(connection, conditions, chosen.text)


async def letters_since(connection: AsyncConnection, chosen: Filter, system: str, frozen: Frozen) -> Count:
    """Letters that match and that the frozen selection cannot see."""
    return await _counted(connection, [*letters_where(chosen, system), *arrived(dead, frozen)], chosen.text)


async def count_jobs(connection: AsyncConnection, chosen: Filter, system: str, frozen: Frozen | None = None) -> Count:
    """Live jobs that match, and that the frozen selection can see."""
    conditions = jobs_where(jobs, chosen, system)
    if frozen is not None:
        conditions.append(visible(jobs, frozen))
    elif chosen == Filter(system=chosen.system, queue=chosen.queue, state=chosen.state) and chosen.system in (
        None,
        system,
    ):
        return Count(await _depth(connection, chosen))
    return await _of_jobs(connection, chosen, conditions)


async def jobs_since(connection: AsyncConnection, chosen: Filter, system: str, frozen: Frozen) -> Count:
    """Live jobs that match and that the frozen selection cannot see."""
    return await _of_jobs(connection, chosen, [*jobs_where(jobs, chosen, system), ~visible(jobs, frozen)])


async def _of_jobs(connection: AsyncConnection, chosen: Filter, conditions: Conditions) -> Count:
    """Where payloads have to be looked into, only so many are: beyond them the count is what was found."""
    if chosen.payload is None:
        return await capped(connection, jobs, conditions)
    every = select(jobs.c.id).where(*conditions).order_by(jobs.c.id)
    way = payloads.Way(every, lambda rest, id: rest.where(jobs.c.id > id), chosen.payload, CAP + 1, payloads.WINDOWS)
    found, stopped = await payloads.walk(connection, way)
    return Count(min(len(found), CAP), stopped is None and len(found) <= CAP)


async def _depth(connection: AsyncConnection, chosen: Filter) -> int:
    live = ["waiting", "scheduled", "retrying", "running", "held"]
    states = live if chosen.state is None else [state for state in live if state == chosen.state]
    return int(await connection.scalar(DEPTH, {"states": states, "queue": chosen.queue}) or 0)


async def _told(connection: AsyncConnection, chosen: Filter, system: str) -> int | None:
    """What the roll-up says; None where it cannot."""
    if chosen.system not in (None, system):
        return 0
    if chosen == Filter(system=chosen.system, queue=chosen.queue):
        return int(await connection.scalar(DEPTH, {"states": ["dead"], "queue": chosen.queue}) or 0)
    named = {"queue": chosen.queue, "kind": chosen.kind, "fingerprint": chosen.fingerprint}
    if chosen != Filter(system=chosen.system, queue=chosen.queue, kind=chosen.kind, fingerprint=chosen.fingerprint):
        return None
    row = (await connection.execute(GROUPED, named)).one()
    folded = row.folded and chosen.fingerprint is not None
    return None if folded else int(row.n or 0)


async def _counted(connection: AsyncConnection, conditions: Conditions, words: str | None) -> Count:
    if words is None:
        return await capped(connection, dead, conditions)
    matched = matches(words)
    joined = dead.join(matched, and_(dead.c.died_at == matched.c.died_at, dead.c.id == matched.c.id))
    some = select(dead.c.id).select_from(joined).where(*conditions).subquery()
    both = (select(func.count()).select_from(table).scalar_subquery() for table in (some, matched))
    letters, texts = (await connection.execute(select(*both))).one()
    return Count(min(letters, CAP), are_all(texts))


async def capped(connection: AsyncConnection, table: Table, conditions: Conditions) -> Count:
    """Rows that these conditions hold for, up to the cap."""
    some = select(table.c.id).where(*conditions).limit(CAP + 1)
    n = await connection.scalar(select(func.count()).select_from(some.subquery())) or 0
    return Count(min(n, CAP), n <= CAP)
