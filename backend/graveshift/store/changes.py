"""What changed in the ledger, cheaply: one row of marks, compared by whoever sends hints."""

import json
from collections.abc import Hashable, Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.engine import open_unit

# Live runs by an index; of those that ended the last ones, since a run that ends is among them.
MARKS = text("""
    SELECT (SELECT seq FROM graveshift_ledger.audit_head) AS seq,
           (SELECT json_object_agg(id, mark) FROM (
                SELECT id, concat_ws(' ', state, total, moved, conflict, gone, failed, rate, wanted) AS mark
                FROM graveshift_ledger.runs WHERE state IN ('queued', 'running', 'paused')
                UNION
                (SELECT id, concat_ws(' ', state, total, moved, conflict, gone, failed, rate, wanted)
                 FROM graveshift_ledger.runs ORDER BY id DESC LIMIT 20)
            ) runs) AS runs,
           (SELECT json_object_agg(id, state) FROM (
                SELECT id, state FROM graveshift_ledger.backups ORDER BY id DESC LIMIT 20) backups) AS backups,
           (SELECT json_object_agg(system, mark) FROM graveshift_ledger.marks) AS foreign_letters,
           (SELECT md5(string_agg(concat_ws(' ', group_id, owner, since, until, noted_at), ',' ORDER BY group_id))
            FROM graveshift_ledger.claims) AS claims,
           (SELECT json_object_agg(name, mark) FROM (
                SELECT name, string_agg(concat(version, state), ' ' ORDER BY version) AS mark
                FROM graveshift_ledger.secret_versions WHERE state <> 'dropped' GROUP BY name) secrets) AS secrets
""")
RUN_STATES = text("SELECT state, count(*) AS n FROM graveshift_ledger.runs GROUP BY state")

Marks = Mapping[str, Mapping[str, Hashable]]


async def marks(engine: AsyncEngine) -> Marks:
    """Per resource of the ledger, a mark for each id; a mark differs where something changed."""
    async with open_unit(engine) as unit:
        row = (await unit.execute(MARKS)).mappings().one()
    letters = {"*": json.dumps(row["foreign_letters"])}
    causes = {"*": (*letters.values(), row["claims"])}
    seen = {"audit": {"*": row["seq"]}, "dlq": letters, "groups": causes}
    return {**seen, **{name: row[name] or {} for name in ("runs", "backups", "secrets")}}


async def run_states(engine: AsyncEngine) -> dict[str, int]:
    """How many runs are in each state."""
    async with open_unit(engine) as unit:
        return {row["state"]: row["n"] for row in (await unit.execute(RUN_STATES)).mappings()}
