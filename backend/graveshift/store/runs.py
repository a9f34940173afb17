"""Runs as they are kept: begun by the Desk, steered by operators, read by everybody."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Double,
    Identity,
    RowMapping,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    case,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit
from graveshift.store.engine import METADATA, open_look, open_unit
from graveshift.store.engine import Unit as Transaction
from graveshift.store.items import ItemBook
from graveshift.store.reading import newest_first
from graveshift.store.steering import steered_of
from graveshift.wire.page import Page
from graveshift.wire.runs import Run, RunState
from graveshift.wire.trials import Canary

RUNS = Table(
    "runs",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("plan_id", BigInteger, nullable=False),
    Column("operation", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("total", BigInteger),
    Column("moved", BigInteger, nullable=False, server_default=text("0")),
    Column("conflict", BigInteger, nullable=False, server_default=text("0")),
    Column("gone", BigInteger, nullable=False, server_default=text("0")),
    Column("failed", BigInteger, nullable=False, server_default=text("0")),
    Column("rate", Double),
    Column("actor", Text, nullable=False),
    Column("source", Text),
    Column("reason", Text),
    Column("error", Text),
    Column("canary", JSON(none_as_null=True)),
    Column("sample", JSON(none_as_null=True)),
    Column("slowed", Double),
    Column("pace", Double),
    Column("delay_s", Double),
    Column("due_at", DateTime(timezone=True)),
    Column("halt", Text),
    Column("wanted", Text),
    Column("mark", JSON(none_as_null=True)),
    Column("idempotency_key", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("turned", Text),
    Column("turned_by", Text),
    Column("turned_at", DateTime(timezone=True)),
    Column("rated_by", Text),
    Column("rated_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("starts_at", DateTime(timezone=True)),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("lease_owner", Uuid),
    Column("lease_until", DateTime(timezone=True)),
    UniqueConstraint("actor", "idempotency_key"),
    schema="graveshift_ledger",
)
ELSEWHERE = ("id", "plan_id", "state", "canary", "became", "eta_s", "steered")
PLAIN = [name for name in Run.__struct_fields__ if name not in ELSEWHERE]
NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
LIVE = [state.value for state in RunState if state.is_live]


class NewRun(Struct, frozen=True, kw_only=True):
    """A run to begin, in `wait_s` seconds. `body` is the request as decoded values, compared when `key` comes again."""

    plan_id: int
    operation: str
    total: int | None
    rate: float | None
    actor: str
    source: str
    reason: str | None
    key: str
    body: Mapping[str, Any]
    wait_s: float = 0
    delay_s: float | None = None
    due_at: datetime | None = None


CLOCK = select(func.now())
AT_WORK = text("""
    SELECT r.*, p.args, p.draft -> 'meant' AS meant
    FROM graveshift_ledger.runs r JOIN graveshift_ledger.plans p ON p.id = r.plan_id
    WHERE r.state IN ('queued', 'running', 'paused') AND r.operation = ANY (CAST(:operations AS text[]))
    ORDER BY r.id DESC LIMIT 20
""")
# One that failed, was cancelled, or could not bring something back may be tried again.
UNDONE_BY = text("""
    SELECT r.* FROM graveshift_ledger.runs r JOIN graveshift_ledger.plans p ON p.id = r.plan_id
    WHERE r.operation = 'run.undo' AND p.args ->> 'run' = CAST(:run AS text)
      AND r.state IN ('queued', 'running', 'paused', 'succeeded') AND r.failed = 0
    ORDER BY r.id DESC LIMIT 1
""")
# Of a run with an old number, too: whoever began it looks for its end, however many others ended since it began.
STOPPED = text("""
    SELECT * FROM graveshift_ledger.runs
    WHERE finished_at > now() - interval '5 minutes' AND state IN ('failed', 'cancelled', 'lost')
    ORDER BY id DESC LIMIT :most
""")
STILL_LIVE = select(RUNS).where(RUNS.c.state.in_(LIVE)).order_by(RUNS.c.id.desc()).limit(bindparam("most"))


class RunBook:
    """Every run there was. Methods that take a unit write inside it; `items` is what each run acted on."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.items = ItemBook(engine)

    def unit(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction in the ledger's database."""
        return open_unit(self._engine)

    async def page(self, cursor: str | None, limit: int) -> Page[Run]:
        """Newest first."""
        return await newest_first(self._engine, RUNS, RUNS.c.id, run_of, cursor=cursor, limit=limit)

    async def live(self, limit: int = 100) -> list[Run]:
        """Runs with work left, newest first."""
        async with open_look(self._engine) as unit:
            return [run_of(row) for row in (await unit.execute(STILL_LIVE, {"most": limit})).mappings()]

    async def stopped(self, limit: int) -> list[Run]:
        """Runs that ended before their time in the last five minutes, newest first."""
        async with open_look(self._engine) as unit:
            return [run_of(row) for row in (await unit.execute(STOPPED, {"most": limit})).mappings()]

    async def at_work(self, operations: Sequence[str]) -> list[tuple[Run, Mapping[str, Any]]]:
        """Live runs of these verbs with the selection of each, newest first; twenty at most."""
        async with open_look(self._engine) as unit:
            rows = (await unit.execute(AT_WORK, {"operations": list(operations)})).mappings()
            return [(run_of(row), _selected(row)) for row in rows]

    async def one(self, id: int) -> Run | None:
        """The run with this id."""
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(select(RUNS).where(RUNS.c.id == id))).mappings().first()
        return run_of(row) if row else None

    async def undone_by(self, id: int) -> Run | None:
        """The run that takes this one back, or has; None where none does, or it did not get to its end."""
        async with open_look(self._engine) as unit:
            row = (await unit.execute(UNDONE_BY, {"run": str(id)})).mappings().first()
        return run_of(row) if row else None

    async def tried(self, id: int) -> Sequence[str]:
        """The letters that the canary of a run tries; none where it has none, or has not chosen them."""
        async with open_look(self._engine) as unit:
            found = (await unit.execute(select(RUNS.c.sample).where(RUNS.c.id == id))).scalar_one_or_none()
        return found or ()

    async def now(self) -> datetime:
        """The database's clock, by which all times here are meant."""
        async with open_look(self._engine) as unit:
            at: datetime = (await unit.execute(CLOCK)).scalar_one()
        return at

    async def by_key(self, actor: str, key: str) -> tuple[Run, Mapping[str, Any]] | None:
        """The run that this actor began with this Idempotency-Key, and the body it was begun with."""
        wanted = select(RUNS).where(RUNS.c.actor == actor, RUNS.c.idempotency_key == key)
        async with open_unit(self._engine) as unit:
            row = (await unit.execute(wanted)).mappings().first()
        return (run_of(row), row["body"]) if row else None

    async def begin(self, unit: Unit, new: NewRun) -> Run | None:
        """Insert a queued run; None where this actor has used the key before."""
        values = {
            name: getattr(new, name) for name in NewRun.__struct_fields__ if name not in ("key", "body", "wait_s")
        }
        values |= {"state": RunState.QUEUED.value, "idempotency_key": new.key, "body": dict(new.body)}
        if new.wait_s:
            values["starts_at"] = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, new.wait_s)
        fresh = insert(RUNS).values(values).on_conflict_do_nothing(index_elements=["actor", "idempotency_key"])
        row = (await unit.execute(fresh.returning(RUNS))).mappings().first()
        return run_of(row) if row else None

    async def hold(self, unit: Unit, id: int) -> Run | None:
        """The run, locked until the unit ends, so that no chunk comes between looking and changing."""
        wanted = select(RUNS).where(RUNS.c.id == id).with_for_update(key_share=True)
        row = (await unit.execute(wanted)).mappings().first()
        return run_of(row) if row else None

    async def want(self, unit: Unit, id: int, wanted: str | None) -> Run:
        """Say what the carrier shall do at its next chunk: `pause`, `cancel` or, with None, go on. A cancel stays."""
        values = {"wanted": case((RUNS.c.wanted == "cancel", "cancel"), else_=wanted)}
        return await self._change(unit, id, values if wanted else {**values, "halt": None})

    async def turn(self, unit: Unit, id: int, state: RunState) -> Run:
        """Change the state of a held run that nobody carries."""
        ended = {} if state.is_live else {"finished_at": func.now()}
        free = {"wanted": None, "lease_owner": None, "lease_until": None, "halt": None}
        return await self._change(unit, id, {"state": state.value, **free, **ended})

    async def set_rate(self, unit: Unit, id: int, per_s: float | None) -> Run:
        """Items per second from the next chunk on, however it slowed itself; None for unlimited."""
        return await self._change(unit, id, {"rate": per_s, "slowed": None})

    async def _change(self, unit: Unit, id: int, values: Mapping[str, Any]) -> Run:
        changed = update(RUNS).where(RUNS.c.id == id).values(dict(values)).returning(RUNS)
        return run_of((await unit.execute(changed)).mappings().one())


def _selected(row: RowMapping) -> Mapping[str, Any]:
    """What a run is after: for a text, the filter that it meant when it was planned."""
    given: Mapping[str, Any] = row["args"].get("selection") or {}
    return given if row["meant"] is None else {"filter": row["meant"]}


def number(public: str) -> int | None:
    """The number that the public id of a run, plan or audit entry is; None where it is none."""
    return int(public) if NUMBER.fullmatch(public) else None


def run_of(row: RowMapping) -> Run:
    """A row as it goes over the wire."""
    plain = {name: row[name] for name in PLAIN}
    canary = msgspec.convert(row["canary"], Canary | None)
    plain |= {"canary": canary, "steered": steered_of(row)}
    return Run(id=str(row["id"]), plan_id=str(row["plan_id"]), state=RunState(row["state"]), **plain)
