"""How many letters and jobs match: told by the roll-up where it can tell, else counted up to a cap."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import Table, TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.driver import Count, Frozen
from graveshift.drivers.postgres import payloads
from graveshift.drivers.postgres.chosen import Conditions, arrived, jobs_where, letters_where, visible
from graveshift.drivers.postgres.connection import fetched
from graveshift.drivers.postgres.drafting import Draft, asked
from graveshift.drivers.postgres.payloads import Wish
from graveshift.drivers.postgres.reading import NOW
from graveshift.drivers.postgres.tables import dead, jobs
from graveshift.drivers.postgres.unveiling import Veils
from graveshift.drivers.postgres.walking import BRIEF, MATCHED, Way, along, in_order, matched, walk, way
from graveshift.wire.selection import Filter

# What is counted at most.
CAP = 10_000
# And beside a page, of letters that no index tells apart: of what they carry, and of their own rows.
GLANCE, SIEVED = 500, 2_000
# How long letters are looked at for what is in no index.
PATIENT = timedelta(milliseconds=200)

DEPTH = text(f"""
SELECT coalesce(sum(n), 0) AS n, ({NOW}) AS as_of FROM (
    SELECT queue, what, n FROM graveshift.depth UNION ALL SELECT queue, what, n FROM graveshift.deltas) every
WHERE what = ANY(CAST(:states AS text[])) AND (CAST(:queue AS text) IS NULL OR queue = :queue)
""")

# Causes that were folded into `other` cannot be told apart: then nothing is said.
GROUPED = text(f"""
SELECT coalesce(sum(n), 0) AS n, coalesce(bool_or(fingerprint = 'other'), false) AS folded, ({NOW}) AS as_of FROM (
    SELECT queue, kind, fingerprint, dead AS n FROM graveshift.groups
    UNION ALL SELECT queue, kind, fingerprint, n FROM graveshift.deltas WHERE what = 'dead') every
WHERE (CAST(:queue AS text) IS NULL OR queue = :queue) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
  AND (CAST(:fingerprint AS text) IS NULL OR fingerprint IN (:fingerprint, 'other'))
""")

# How many there are of so many at most, and whether there are no more.
CAPPED = """
SELECT least(count(*), {most}) AS n, count(*) <= {most} AS exact, ({now}) AS as_of FROM ({some}) every
"""
# How many of so many fit, and whether those were all.
SIFTED = """
SELECT count(*) FILTER (WHERE fits) AS n, count(*) < {most} AS exact, ({now}) AS as_of FROM (
    SELECT {fits} AS fits FROM {table} WHERE {where} ORDER BY {order} LIMIT {limit}
) every
"""
# Each letter is looked at by its key.
CARRYING = """
SELECT least(count(each.*), {most}) AS n, (SELECT count(*) FROM matched) <= {most} AS exact, ({now}) AS as_of
FROM matched CROSS JOIN LATERAL (
    SELECT 1 FROM {table} WHERE {table}.died_at = matched.died_at AND {table}.id = matched.id AND {where} OFFSET 0
) each
"""


class Counted(Struct, frozen=True):
    """What is counted, and in which system."""

    chosen: Filter
    system: str
    veils: Veils | None = None


class Shown(Struct, frozen=True):
    """A count beside a page; `as_of` is None where the statement that counted did not say."""

    count: Count
    as_of: datetime | None = None


async def count_letters(connection: AsyncConnection, what: Counted, frozen: Frozen | None = None) -> Count:
    """Letters that match, and that the frozen selection can see."""
    told = await _told(connection, what.chosen, what.system)
    if told is not None and frozen is None:
        return told.count
    conditions = letters_where(what.chosen, what.system)
    if told is not None and frozen is not None:
        since = await capped(connection, dead, [*conditions, *arrived(dead, frozen)])
        if since.exact:
            return Count(max(told.count.n - since.n, 0))
    if frozen is not None:
        conditions.append(visible(dead, frozen))
    return await count_carrying(connection, way(what.chosen, conditions, what.veils, CAP + 1))


async def count_shown(connection: AsyncConnection, what: Counted, way: Way, known: Count | None) -> Shown:
    """Letters beside a page of them: nobody waits for more than a glance, so it is exact less often.

    `known` is what was seen of it already.
    """
    told = Shown(known) if known else await _told(connection, what.chosen, what.system)
    if told is not None:
        return told
    if way.veils is not None or way.inside:
        glance = structs.replace(way, after=None, indexed=False, limit=GLANCE + 1)
        return Shown(_steady(await _looked_at(connection, glance, BRIEF), way.limit - 1))
    if way.sieve:
        return await _sifted(connection, way)
    return await _along(connection, structs.replace(way, after=None, limit=CAP + 1))


def _steady(seen: Count, page: int) -> Count:
    """What a look of so long came to is another number each time: at least a page of them is true for longer."""
    return seen if seen.exact else Count(min(seen.n, page), exact=False)


async def _along(connection: AsyncConnection, way: Way) -> Shown:
    """In the order of an index, or all of a day may be read for the few that fit."""
    draft = Draft()
    return await _counted(connection, CAPPED.format(some=along(draft, way, ()), most=CAP, now=NOW), draft)


async def _sifted(connection: AsyncConnection, way: Way) -> Shown:
    draft = Draft()
    parts = {"fits": draft.all(way.sieve), "where": draft.all(way.conditions), "order": in_order(way)}
    parts["limit"] = draft.value(SIEVED)
    return await _counted(connection, SIFTED.format(table=way.table.fullname, most=SIEVED, now=NOW, **parts), draft)


async def _counted(connection: AsyncConnection, sql: str, draft: Draft) -> Shown:
    (row,) = await asked(connection, sql, draft)
    return Shown(Count(row.n, row.exact), row.as_of)


async def _looked_at(connection: AsyncConnection, way: Way, span: timedelta) -> Count:
    found = await walk(connection, way, span)
    n = len(found.rows)
    return Count(min(n, way.limit - 1), found.stopped is None and n < way.limit)


async def letters_since(connection: AsyncConnection, what: Counted, frozen: Frozen) -> Count:
    """Letters that match and that the frozen selection cannot see."""
    conditions = [*letters_where(what.chosen, what.system), *arrived(dead, frozen)]
    since = structs.replace(way(what.chosen, conditions, what.veils, CAP + 1), texts=None)
    return await count_carrying(connection, since)


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
    return (await _told_by(connection, DEPTH, states=states, queue=chosen.queue)).count.n


async def _told(connection: AsyncConnection, chosen: Filter, system: str) -> Shown | None:
    """What the roll-up says; None where it cannot."""
    if chosen.system not in (None, system):
        return Shown(Count(0))
    if _is_vague(chosen.queue, chosen.kind):
        return None
    if chosen == Filter(system=chosen.system, queue=chosen.queue):
        return await _told_by(connection, DEPTH, states=["dead"], queue=chosen.queue)
    named = {"queue": chosen.queue, "kind": chosen.kind, "fingerprint": chosen.fingerprint}
    if chosen != Filter(system=chosen.system, queue=chosen.queue, kind=chosen.kind, fingerprint=chosen.fingerprint):
        return None
    (row,) = await fetched(connection, GROUPED, named)
    folded = row.folded and chosen.fingerprint is not None
    return None if folded else Shown(Count(int(row.n)), row.as_of)


async def _told_by(connection: AsyncConnection, statement: TextClause, **named: Any) -> Shown:
    (row,) = await fetched(connection, statement, named)
    return Shown(Count(int(row.n)), row.as_of)


async def count_carrying(connection: AsyncConnection, way: Way) -> Count:
    """Letters on a way. Where what they carry is common, or in no index, only some are looked into: then not exact."""
    if way.veils is not None or (way.inside and not way.indexed):
        return await _looked_at(connection, way, PATIENT)
    if not way.inside:
        return await capped(connection, way.table, way.conditions)
    return (await _carrying(connection, way, CAP)).count


async def _carrying(connection: AsyncConnection, way: Way, most: int) -> Shown:
    draft = Draft()
    start = MATCHED.format(**matched(draft, way, most))
    where, table = draft.all([*way.conditions, *way.sieve]), way.table.fullname
    return await _counted(connection, start + CARRYING.format(most=most, table=table, where=where, now=NOW), draft)


async def capped(connection: AsyncConnection, table: Table, conditions: Conditions) -> Count:
    """Rows that these conditions hold for, up to the cap."""
    draft = Draft()
    some = f"SELECT FROM {table.fullname} WHERE {draft.all(conditions)} LIMIT {draft.value(CAP + 1)}"
    return (await _counted(connection, CAPPED.format(some=some, most=CAP, now=NOW), draft)).count
