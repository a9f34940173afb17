"""Reveals: a run that opened a letter lets its own actor see it as it is, once, within a minute."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.audit import Actor, AuditBook, Deed
from graveshift.store.engine import open_unit
from graveshift.wire.dlq import LetterDetail

OPERATION = "dlq.reveal"
OPEN_S = 60
SHOWN = "shown"

# The item's words are the lock: the second who comes finds that it was shown.
SHOW = text("""
    UPDATE graveshift_ledger.items i SET detail = :shown
    FROM graveshift_ledger.runs r
    WHERE r.id = :run AND r.operation = :operation AND r.actor = :actor AND r.state = 'succeeded'
      AND r.finished_at > now() - make_interval(secs => :open_s)
      AND i.run_id = r.id AND i.outcome = 'moved' AND i.detail IS DISTINCT FROM :shown
    RETURNING i.id, r.plan_id, r.reason
""")


class RevealBook:
    """The ledger holds who saw which letter and why, and nothing of what was seen."""

    def __init__(self, engine: AsyncEngine, audit: AuditBook) -> None:
        self._engine = engine
        self._audit = audit

    async def open(
        self, run_id: int, actor: Actor, read: Callable[[str], Awaitable[LetterDetail | None]]
    ) -> LetterDetail | None:
        """What `read` gives for the public id of the letter that this run opened, put on the record as shown.

        None where there is nothing to show: no such run of this actor, over, shown already, or the letter is gone.
        Raises AuditUnavailable, and then it was not shown.
        """
        values = {"run": run_id, "operation": OPERATION, "actor": actor.name, "open_s": OPEN_S, "shown": SHOWN}
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(SHOW, values)).first()
            letter = None if row is None else await read(row.id)
            if row is None or letter is None:
                return None
            deed = Deed(operation=OPERATION, outcome=SHOWN, plan_id=row.plan_id, run_id=run_id, reason=row.reason)
            await self._audit.write(unit, actor.name, actor.source, deed)
            await unit.commit()
        return letter
