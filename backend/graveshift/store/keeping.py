"""How long the ledger keeps what it holds: runs with their plans, items, the audit, and what has ended otherwise."""

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.store.audit import AuditBook, Deed
from graveshift.store.engine import open_unit
from graveshift.work import Guard

AT_ONCE = 1000
ACTOR = "graveshift"


def _old(days: str) -> str:
    return f"now() - make_interval(days => CAST(:{days} AS integer))"


ITEMS = text(f"""
DELETE FROM graveshift_ledger.items WHERE (run_id, id) IN (
    SELECT i.run_id, i.id FROM graveshift_ledger.runs r JOIN graveshift_ledger.items i ON i.run_id = r.id
    WHERE r.finished_at < {_old("items")} LIMIT {AT_ONCE})
""")

# A run goes after its items, and its plan with it. The key that began it may begin another one then.
RUNS = text(f"""
DELETE FROM graveshift_ledger.runs WHERE id IN (
    SELECT r.id FROM graveshift_ledger.runs r WHERE r.finished_at < {_old("runs")}
      AND NOT EXISTS (SELECT FROM graveshift_ledger.items i WHERE i.run_id = r.id) LIMIT {AT_ONCE})
""")
PLANS = text(f"""
DELETE FROM graveshift_ledger.plans WHERE id IN (
    SELECT p.id FROM graveshift_ledger.plans p
    WHERE p.expires_at < now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM graveshift_ledger.runs r WHERE r.plan_id = p.id) LIMIT {AT_ONCE})
""")

# From the beginning only, so that what is left has no holes.
AUDIT = text(f"""
DELETE FROM graveshift_ledger.audit WHERE seq < (
    SELECT least(min(seq) + {AT_ONCE}, (SELECT min(seq) FROM graveshift_ledger.audit WHERE at >= {_old("audit")}),
                 (SELECT seq FROM graveshift_ledger.audit_head))
    FROM graveshift_ledger.audit)
""")
TOKENS = text(f"DELETE FROM graveshift_ledger.tokens WHERE least(revoked_at, expires_at) < {_old('runs')}")
# The next version counts from the greatest one there is, and that one always stays.
VERSIONS = text(f"""
DELETE FROM graveshift_ledger.secret_versions v WHERE state = 'dropped'
  AND greatest(created_at, current_at, valid_until) < {_old("runs")}
  AND EXISTS (SELECT FROM graveshift_ledger.secret_versions w WHERE w.name = v.name AND w.version > v.version)
""")
BACKUPS = text(f"DELETE FROM graveshift_ledger.backups WHERE state = 'failed' AND created_at < {_old('runs')}")

# The index of a system that is in no settings any more: its mark stands still, and its letters are seen no more.
FOREIGN = text(f"""
DELETE FROM graveshift_ledger.letters WHERE (system, died_at, id) IN (
    SELECT l.system, l.died_at, l.id FROM graveshift_ledger.letters l
    JOIN graveshift_ledger.marks m ON m.system = l.system WHERE m.at < {_old("foreign")} LIMIT {AT_ONCE})
""")
MARKS = text(f"""
DELETE FROM graveshift_ledger.marks m WHERE m.at < {_old("foreign")}
  AND NOT EXISTS (SELECT FROM graveshift_ledger.letters l WHERE l.system = m.system)
""")

STEPS = (ITEMS, RUNS, PLANS, TOKENS, VERSIONS, BACKUPS, FOREIGN, MARKS)


class LedgerDays(Struct, frozen=True):
    """Days. `foreign` is how long a system must have been out of the settings until its index is forgotten."""

    runs: int = 365
    items: int = 90
    audit: int = 1095
    foreign: int = 7


class KeepingBook:
    """Each step is a transaction of its own under the leader's guard."""

    def __init__(self, engine: AsyncEngine, audit: AuditBook, days: LedgerDays) -> None:
        self._engine = engine
        self._audit = audit
        self._days = days

    async def prune(self, guard: Guard) -> int:
        """How many rows went. What the record itself has lost is on the record."""
        days = {name: getattr(self._days, name) for name in self._days.__struct_fields__}
        gone = 0
        for step in STEPS:
            gone += await self._all(guard, step, days)
        forgotten = await self._all(guard, AUDIT, days)
        if forgotten:
            async with open_unit(self._engine) as unit:
                await guard(unit)
                await self._note(unit, forgotten)
                await unit.commit()
        return gone + forgotten

    async def _all(self, guard: Guard, step: TextClause, days: Mapping[str, int]) -> int:
        gone = 0
        while True:
            async with open_unit(self._engine) as unit:
                await guard(unit)
                named = {name: value for name, value in days.items() if name in step.compile().params}
                found: int = (await unit.execute(step, named)).rowcount
                await unit.commit()
            gone += found
            if found < AT_ONCE:
                return gone

    async def _note(self, unit: Unit, forgotten: int) -> None:
        reason = f"entries older than {self._days.audit} days"
        deed = Deed(operation="audit.prune", outcome="done", reason=reason, total=forgotten)
        await self._audit.write(unit, ACTOR, "direct", deed)
