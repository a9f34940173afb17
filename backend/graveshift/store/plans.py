"""Plans as they are kept: what was asked, what was found, until when it may be run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Identity,
    RowMapping,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.store.engine import METADATA, open_unit

PLANS = Table(
    "plans",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("operation", Text, nullable=False),
    Column("args", JSON, nullable=False),
    Column("draft", JSON, nullable=False),
    Column("actor", Text, nullable=False),
    Column("cutoff", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_by", BigInteger),
    schema="graveshift_ledger",
)
EXPIRED = (PLANS.c.expires_at <= func.now()).label("expired")


class KeptPlan(Struct, frozen=True, kw_only=True):
    """`draft` is the operation's Draft as plain values; `used_by` is the run that carries it out."""

    id: int
    operation: str
    args: Mapping[str, Any]
    draft: Mapping[str, Any]
    actor: str
    cutoff: datetime
    expires_at: datetime
    expired: bool
    used_by: int | None


class PlanBook:
    """A plan is used once: `hold` it, insert the run, `use` it, in one unit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(
        self,
        *,
        operation: str,
        args: Mapping[str, Any],
        draft: Mapping[str, Any],
        actor: str,
        cutoff: datetime | None,
        expires_s: float,
    ) -> KeptPlan:
        """Keep a new plan for `expires_s` seconds."""
        values = {
            "operation": operation,
            "args": dict(args),
            "draft": dict(draft),
            "actor": actor,
            "cutoff": func.now() if cutoff is None else cutoff,
            "expires_at": func.now() + func.make_interval(0, 0, 0, 0, 0, 0, expires_s),
        }
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(insert(PLANS).values(values).returning(PLANS, EXPIRED))).mappings().one()
            await unit.commit()
        return _plan(row)

    async def one(self, id: int) -> KeptPlan | None:
        """The plan with this id."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(select(PLANS, EXPIRED).where(PLANS.c.id == id))).mappings().first()
        return _plan(row) if row else None

    async def hold(self, unit: Unit, id: int) -> KeptPlan | None:
        """The plan, locked until the unit ends: of two that would run it, one waits."""
        held = select(PLANS, EXPIRED).where(PLANS.c.id == id).with_for_update()
        row = (await unit.execute(held)).mappings().first()
        return _plan(row) if row else None

    async def use(self, unit: Unit, id: int, run_id: int) -> None:
        """Mark the held plan as carried out by this run."""
        await unit.execute(update(PLANS).where(PLANS.c.id == id).values(used_by=run_id))


def _plan(row: RowMapping) -> KeptPlan:
    return KeptPlan(**{name: row[name] for name in KeptPlan.__struct_fields__})
