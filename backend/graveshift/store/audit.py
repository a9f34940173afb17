"""The record of who did what: append-only, numbered without gaps, written in the transaction of the act itself."""

from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Column, DateTime, RowMapping, Table, Text, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.errors import AuditUnavailable
from graveshift.store.engine import METADATA, open_unit
from graveshift.store.reading import newest_first
from graveshift.wire.audit import AuditEntry
from graveshift.wire.operations import Role
from graveshift.wire.page import Page

HEAD = Table(
    "audit_head",
    METADATA,
    Column("one", Boolean, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    schema="graveshift_ledger",
)
AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("plan_id", BigInteger),
    Column("run_id", BigInteger),
    Column("reason", Text),
    Column("total", BigInteger),
    Column("source", Text),
    schema="graveshift_ledger",
)
# The head's row lock makes writers take turns, and a rollback gives the number back: hence no gaps.
APPEND = text("""
    WITH head AS (UPDATE graveshift_ledger.audit_head SET seq = seq + 1 RETURNING seq)
    INSERT INTO graveshift_ledger.audit (seq, actor, operation, outcome, plan_id, run_id, reason, total, source)
    SELECT seq, :actor, :operation, :outcome, CAST(:plan_id AS bigint), CAST(:run_id AS bigint),
           CAST(:reason AS text), CAST(:total AS bigint), CAST(:source AS text)
    FROM head RETURNING seq
""")


class Actor(Struct, frozen=True):
    """Who asks: `source` is where the request came from: `cli`, `console`, `http`, `direct`."""

    name: str
    role: Role
    source: str = "http"


class Deed(Struct, frozen=True, kw_only=True):
    """One line to write. `outcome` is started, refused, done, succeeded, failed, cancelled or lost."""

    operation: str
    outcome: str
    plan_id: int | None = None
    run_id: int | None = None
    reason: str | None = None
    total: int | None = None


class AuditBook:
    """Write inside the unit of the act, last of all: the numbering lets one transaction through at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(self, unit: Unit, actor: str, source: str | None, deed: Deed) -> int:
        """Append one entry; returns its number. Raises AuditUnavailable, and then the act must not be committed."""
        values = {
            "actor": actor,
            "source": source,
            "operation": deed.operation,
            "outcome": deed.outcome,
            "plan_id": deed.plan_id,
            "run_id": deed.run_id,
            "reason": deed.reason,
            "total": deed.total,
        }
        try:
            seq: int = (await unit.execute(APPEND, values)).scalar_one()
        except DBAPIError as error:
            raise AuditUnavailable(str(error.orig).splitlines()[0]) from error
        return seq

    async def record(self, actor: str, source: str | None, deed: Deed) -> int:
        """Append one entry that stands alone."""
        async with open_unit(self._engine) as unit:
            seq = await self.write(unit, actor, source, deed)
            await unit.commit()
        return seq

    async def page(self, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """Newest first."""
        return await newest_first(self._engine, AUDIT, AUDIT.c.seq, _entry, cursor=cursor, limit=limit)

    async def one(self, seq: int) -> AuditEntry | None:
        """The entry with this number."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(select(AUDIT).where(AUDIT.c.seq == seq))).mappings().first()
        return _entry(row) if row else None


def _entry(row: RowMapping) -> AuditEntry:
    plan_id, run_id = (str(row[name]) if row[name] is not None else None for name in ("plan_id", "run_id"))
    plain = {name: row[name] for name in AuditEntry.__struct_fields__}
    return AuditEntry(**{**plain, "plan_id": plan_id, "run_id": run_id})
