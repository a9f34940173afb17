"""How many letters and jobs match: told by the roll-up where it can tell, else counted up to a cap."""

from msgspec import Struct, structs
from sqlalchemy import Table, and_, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.driver import Count, Frozen
from graveshift.drivers.postgres import payloads
from graveshift.drivers.postgres.chosen import Conditions, arrived, jobs_where, letters_where, visible
from graveshift.drivers.postgres.payloads import Wish
from graveshift.drivers.postgres.tables import dead, jobs
from graveshift.drivers.postgres.unveiling import Veils
from graveshift.drivers.postgres.walking import FIRST, Way, matches, same, walk, way, whole
from graveshift.wire.selection import Filter

# What is counted at most.
CAP = 10_000
# And of texts and payloads that match, beside a page.
GLANCE = 2_000

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


class Counted(Struct, frozen=True):
    """What is counted, and in which system."""

    chosen: Filter
    system: str
    veils: Veils | None = None


async def count_letters(connection: AsyncConnection, what: Counted, frozen: Frozen | None = None) -> Count:
    """Letters that match, and that the frozen selection can see."""
    told = await _told(connection, what.chosen, what.system)
    if told is not None and frozen is None:
        return Count(told)
    conditions = letters_where(what.chosen, what.system)
    if told is not None and frozen is not None:
        since = await capped(connection, dead, [*conditions, *arrived(dead, frozen)])
        if since.exact:
            return Count(max(told - since.n, 0))
    if frozen is not None:
        conditions.append(visible(dead, frozen))
    return await count_carrying(connection, way(what.chosen, conditions, what.veils, CAP + 1))


async def count_shown(connection: AsyncConnection, what: Counted, way: Way) -> Count:
    """Letters beside a page of them: nobody waits for more than a glance, so it is exact less often."""
    told = await _told(connection, what.chosen, what.system)
    if told is not None:
        return Count(told)
    if way.veils is not None or (way.inside and not way.indexed):
        found, stopped = await walk(connection, structs.replace(way, after=None, limit=GLANCE // FIRST), 1)
        return Count(len(found), stopped is None and len(found) < GLANCE // FIRST)
    if way.inside:
        return await _carrying(connection, whole(way), GLANCE)
    if way.sieve:
        return await _sifted(connection, way)
    return await capped(connection, way.table, way.conditions)


async def _sifted(connection: AsyncConnection, way: Way) -> Count:
    rows = select(and_(*way.sieve).label("fits")).where(*way.conditions).limit(CAP + 1).subquery()
    fit, looked_at = func.count().filter(rows.c.fits), func.count()
    n, rows_seen = (await connection.execute(select(fit, looked_at).select_from(rows))).one()
    return Count(min(n, CAP), rows_seen <= CAP)


async def letters_since(connection: AsyncConnection, what: Counted, frozen: Frozen) -> Count:
    """Letters that match and that the frozen selection cannot see."""
    conditions = [*letters_where(what.chosen, what.system), *arrived(dead, frozen)]
    return await count_carrying(connection, way(what.chosen, conditions, what.veils, CAP + 1))


async def count_jobs(connection: AsyncConnection, wish: Wish, system: str, frozen: Frozen | None = None) -> Count:
    """Live jobs that match, and that the frozen selection can see."""
    chosen = wish.chosen
    conditions = jobs_where(jobs, chosen, system)
    plain = Filter(system=chosen.system, queue=chosen.queue, state=chosen.state)
    if frozen is not None:
        conditions.append(visible(jobs, frozen))
    elif chosen == plain and not _is_vague(chosen.queue) and chosen.system in (None, system):
        return Count(await _depth(connection, chosen))
    return await _of_jobs(connection, wish, conditions)


async def jobs_since(connection: AsyncConnection, wish: Wish, system: str, frozen: Frozen) -> Count:
    """Live jobs that match and that the frozen selection cannot see."""
    return await _of_jobs(connection, wish, [*jobs_where(jobs, wish.chosen, system), ~visible(jobs, frozen)])


async def _of_jobs(connection: AsyncConnection, wish: Wish, conditions: Conditions) -> Count:
    """Where payloads have to be looked into, only so many are: beyond them the count is what was found."""
    if not payloads.looks(wish.chosen):
        return await capped(connection, jobs, conditions)
    every = select(jobs.c.id).where(*conditions).order_by(jobs.c.id)
    way = payloads.Way(every, lambda rest, id: rest.where(jobs.c.id > id), wish, CAP + 1, payloads.WINDOWS)
    found, stopped = await payloads.walk(connection, way)
    return Count(min(len(found), CAP), stopped is None and len(found) <= CAP)


def _is_vague(*values: str | None) -> bool:
    return any(value is not None and "*" in value for value in values)


async def _depth(connection: AsyncConnection, chosen: Filter) -> int:
    live = ["waiting", "scheduled", "retrying", "running", "held"]
    states = live if chosen.state is None else [state for state in live if state == chosen.state]
    return int(await connection.scalar(DEPTH, {"states": states, "queue": chosen.queue}) or 0)


async def _told(connection: AsyncConnection, chosen: Filter, system: str) -> int | None:
    """What the roll-up says; None where it cannot."""
    if chosen.system not in (None, system):
        return 0
    if _is_vague(chosen.queue, chosen.kind):
        return None
    if chosen == Filter(system=chosen.system, queue=chosen.queue):
        return int(await connection.scalar(DEPTH, {"states": ["dead"], "queue": chosen.queue}) or 0)
    named = {"queue": chosen.queue, "kind": chosen.kind, "fingerprint": chosen.fingerprint}
    if chosen != Filter(system=chosen.system, queue=chosen.queue, kind=chosen.kind, fingerprint=chosen.fingerprint):
        return None
    row = (await connection.execute(GROUPED, named)).one()
    folded = row.folded and chosen.fingerprint is not None
    return None if folded else int(row.n or 0)


async def count_carrying(connection: AsyncConnection, way: Way) -> Count:
    """Letters on a way. Where what they carry is common, or in no index, only some are looked into: then not exact."""
    if way.veils is not None or (way.inside and not way.indexed):
        found, stopped = await walk(connection, way, 1)
        return Count(min(len(found), CAP), stopped is None and len(found) <= CAP)
    if not way.inside:
        return await capped(connection, way.table, way.conditions)
    return await _carrying(connection, way, CAP)


async def _carrying(connection: AsyncConnection, way: Way, most: int) -> Count:
    """Each letter is looked at by its key."""
    matched = matches(way.inside, most)
    each = select(way.table.c.id).where(same(way.table, matched), *way.conditions).offset(0).lateral()
    some = select(each.c.id).select_from(matched.join(each, true())).subquery()
    both = (select(func.count()).select_from(table).scalar_subquery() for table in (some, matched))
    letters, texts = (await connection.execute(select(*both))).one()
    return Count(min(letters, most), texts <= most)


async def capped(connection: AsyncConnection, table: Table, conditions: Conditions) -> Count:
    """Rows that these conditions hold for, up to the cap."""
    some = select(table.c.id).where(*conditions).limit(CAP + 1)
    n = await connection.scalar(select(func.count()).select_from(some.subquery())) or 0
    return Count(min(n, CAP), n <= CAP)
