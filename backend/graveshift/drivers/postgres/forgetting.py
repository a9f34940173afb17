"""Rows past keeping that lie in no day of their own, forgotten a thousand at a time."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres.rollup import TURN
from graveshift.store.engine import open_unit
from graveshift.work import Guard, Keeping

AT_ONCE = 1000


def _aged(table: str, at: str, age: str) -> TextClause:
    """A step through a plain table by age."""
    return text(f"""
DELETE FROM graveshift.{table} WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM graveshift.{table} WHERE {at} < now() - {age} LIMIT {10 * AT_ONCE}))
""")


def _days(name: str) -> str:
    return f"make_interval(days => CAST(:{name} AS integer) + 1)"


# A day that could not get a partition lies in the default one. Letters leave through the parent, so that they are
# counted out by its triggers; what came back counts from then.
LETTERS = text(f"""
WITH old AS (
    SELECT died_at, id FROM graveshift.dead_rest
    WHERE died_at < now() - {_days("dead")} AND greatest(died_at, restored_at) < now() - {_days("dead")}
    LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED
)
DELETE FROM graveshift.dead d USING old WHERE d.died_at = old.died_at AND d.id = old.id
""")
TEXTS = text(f"""
DELETE FROM graveshift.dead_text_rest WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM graveshift.dead_text_rest t WHERE t.died_at < now() - {_days("dead")}
      AND NOT EXISTS (SELECT FROM graveshift.dead d WHERE d.died_at = t.died_at AND d.id = t.id)
      AND NOT EXISTS (SELECT FROM graveshift.settled s WHERE s.died_at = t.died_at AND s.id = t.id)
      AND NOT EXISTS (SELECT FROM graveshift.trash b WHERE b.id = t.id AND b.died_at = t.died_at)
    LIMIT {AT_ONCE}))
""")

# Payloads that were left over when the rest of their ten million went.
PAYLOADS = text(f"""
WITH seen AS MATERIALIZED (
    SELECT id FROM graveshift.payloads_rest WHERE id > CAST(:after AS bigint) ORDER BY id LIMIT {AT_ONCE}
), gone AS (
    DELETE FROM graveshift.payloads_rest p USING seen WHERE p.id = seen.id
      AND NOT EXISTS (SELECT FROM graveshift.jobs j WHERE j.id = p.id)
      AND NOT EXISTS (SELECT FROM graveshift.dead d WHERE d.id = p.id)
      AND NOT EXISTS (SELECT FROM graveshift.trash t WHERE t.id = p.id)
      AND NOT EXISTS (SELECT FROM graveshift.done d WHERE d.id = p.id)
)
SELECT max(id) FROM seen
""")

# What an edit replaced is kept as long as the job is anywhere that it can be seen.
EDITS = text(f"""
DELETE FROM graveshift.edits WHERE ctid = ANY(ARRAY(
    SELECT e.ctid FROM graveshift.edits e WHERE e.edited_at < now() - {_days("trash")}
      AND NOT EXISTS (SELECT FROM graveshift.jobs j WHERE j.id = e.id)
      AND NOT EXISTS (SELECT FROM graveshift.dead d WHERE d.id = e.id)
      AND NOT EXISTS (SELECT FROM graveshift.trash t WHERE t.id = e.id)
      AND NOT EXISTS (SELECT FROM graveshift.done d WHERE d.id = e.id)
    LIMIT {AT_ONCE}))
""")

# A cause goes when nothing of it is left anywhere it could be counted from again: it would come back without a name.
# Where causes were folded into `other` none may go, because what is counted there knows no better place yet.
CAUSES = text(f"""
DELETE FROM graveshift.groups WHERE ctid = ANY(ARRAY(
    SELECT g.ctid FROM graveshift.groups g
    WHERE g.dead = 0 AND g.retrying = 0 AND g.last_seen < now() - {_days("history")}
      AND NOT EXISTS (SELECT FROM graveshift.groups o
                      WHERE o.queue = g.queue AND o.fingerprint = 'other' AND (o.dead <> 0 OR o.retrying <> 0))
      AND NOT EXISTS (SELECT FROM graveshift.deltas d WHERE d.fingerprint = g.fingerprint AND d.queue = g.queue)
      AND NOT EXISTS (SELECT FROM graveshift.trash t WHERE t.fingerprint = g.fingerprint)
      AND g.fingerprint NOT IN (
          SELECT fingerprint FROM graveshift.jobs WHERE state = 'running' AND fingerprint IS NOT NULL
          UNION SELECT fingerprint FROM graveshift.jobs WHERE state = 'held' AND fingerprint IS NOT NULL
          UNION SELECT fingerprint FROM graveshift.settled)
    LIMIT {AT_ONCE}))
""")

# A name that nothing was heard of for longer than anything of it is kept, and that nobody stopped.
QUEUES = text(f"""
WITH idle AS (
    SELECT d.queue FROM graveshift.depth d GROUP BY d.queue
    HAVING max(d.at) < now() - {_days("longest")} AND bool_and(
        d.n = 0 OR d.what NOT IN ('waiting', 'scheduled', 'retrying', 'running', 'held', 'dead'))
    LIMIT {AT_ONCE}
), gone AS MATERIALIZED (
    SELECT queue FROM idle
    WHERE NOT EXISTS (SELECT FROM graveshift.deltas d WHERE d.queue = idle.queue)
      AND NOT EXISTS (SELECT FROM graveshift.groups g WHERE g.queue = idle.queue)
      AND NOT EXISTS (SELECT FROM graveshift.queues q WHERE q.name = idle.queue
                      AND (q.draining_at IS NOT NULL OR (q.paused_at IS NOT NULL
                           AND (q.paused_until IS NULL OR q.paused_until > now()))))
), names AS (
    DELETE FROM graveshift.queues q USING gone WHERE q.name = gone.queue
)
DELETE FROM graveshift.depth d USING gone WHERE d.queue = gone.queue
""")

STEPS = (
    _aged("attempts_rest", "finished_at", _days("history")),
    _aged("done_rest", "finished_at", _days("done")),
    _aged("settled_rest", "settled_at", _days("trash")),
    _aged("trash_rest", "discarded_at", _days("trash")),
    LETTERS,
    TEXTS,
    EDITS,
    _aged("flow", "bucket", "interval '1 hour'"),
    _aged("group_flow", "bucket", "interval '1 hour'"),
    _aged("run_counts", "at", _days("history")),
    _aged("minutes", "bucket", "interval '1 hour'"),
    CAUSES,
    QUEUES,
)
# These must not meet a fold half way.
COUNTED = (CAUSES, QUEUES)


async def forget(engine: AsyncEngine, keep: Keeping, guard: Guard) -> None:
    """Until nothing more is found."""
    days = {"done": keep.done_days, "dead": keep.dead_days, "trash": keep.trash_days, "history": keep.history_days}
    days["longest"] = max(days.values())
    for step in STEPS:
        while await _step(engine, guard, step, days):
            pass
    after: int | None = 0
    while after is not None:
        after = await _payloads(engine, guard, after)


async def _step(engine: AsyncEngine, guard: Guard, step: TextClause, days: Mapping[str, Any]) -> bool:
    """True where there may be more."""
    async with open_unit(engine) as unit:
        await guard(unit)
        if step in COUNTED:
            await unit.execute(TURN)
        named = {name: value for name, value in days.items() if name in step.compile().params}
        gone = (await unit.execute(step, named)).rowcount
        await unit.commit()
    return bool(gone >= AT_ONCE)


async def _payloads(engine: AsyncEngine, guard: Guard, after: int) -> int | None:
    """How far it looked; None at the end."""
    async with open_unit(engine) as unit:
        await guard(unit)
        last: int | None = (await unit.execute(PAYLOADS, {"after": after})).scalar_one()
        await unit.commit()
    return last
