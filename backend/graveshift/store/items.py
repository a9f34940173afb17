"""What a run acted on, one row a thing: an intent while it has no outcome, and then what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, RowMapping, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Unit, Verdict
from graveshift.store.engine import METADATA, open_look, open_unit
from graveshift.store.reading import newest_first
from graveshift.wire.page import Page
from graveshift.wire.runs import Item, Outcome

ITEMS = Table(
    "items",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("run_id", BigInteger, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("outcome", Text),
    Column("detail", Text),
    Column("job_id", Text),
    schema="graveshift_ledger",
)
INTEND = text("""
    INSERT INTO graveshift_ledger.items (run_id, id) SELECT :run_id, id FROM unnest(CAST(:ids AS text[])) AS id
""")
# What is the same for all of a chunk is said once.
ENTER = text("""
    INSERT INTO graveshift_ledger.items (run_id, id, outcome, detail, job_id)
    SELECT :run_id, id, coalesce(outcome, CAST(:outcome AS text)), detail, job
    FROM unnest(CAST(:ids AS text[]), CAST(:outcomes AS text[]),
                CAST(:details AS text[]), CAST(:jobs AS text[])) AS u (id, outcome, detail, job)
""")
# Of a run that the statistics have not heard of, all items look like few enough to put in order each time.
BY_KEY = text("SELECT set_config('enable_sort', 'off', true), set_config('enable_incremental_sort', 'off', true)")
SETTLE = text("""
    UPDATE graveshift_ledger.items SET outcome = v.outcome, detail = v.detail, job_id = v.job_id
    FROM unnest(CAST(:ids AS text[]), CAST(:outcomes AS text[]), CAST(:details AS text[]),
                CAST(:jobs AS text[])) AS v (id, outcome, detail, job_id)
    WHERE items.run_id = :run_id AND items.id = v.id AND items.outcome IS NULL
""")
# Of the last runs of this verb only: they are found from the newest on, and each is asked for the thing by its key.
LAST = text("""
    SELECT r.actor, i.at FROM (
        SELECT id, actor FROM graveshift_ledger.runs WHERE operation = :operation ORDER BY id DESC LIMIT 1000) r
    JOIN graveshift_ledger.items i ON i.run_id = r.id AND i.id = :id
    WHERE i.outcome = 'moved' ORDER BY r.id DESC LIMIT 1
""")


class ItemBook:
    """Items of all runs. Writers pass the unit in which they hold the run."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, run_id: int, cursor: str | None, limit: int) -> Page[Item]:
        """Newest first."""
        only = ITEMS.c.run_id == run_id
        return await newest_first(self._engine, ITEMS, ITEMS.c.seq, _item, cursor=cursor, limit=limit, only=only)

    async def moved(self, run_id: int, after: str | None, limit: int) -> Sequence[str]:
        """Ids that the run moved, in the order of their ids, strictly after `after`."""
        chosen = (ITEMS.c.run_id == run_id, ITEMS.c.outcome == Outcome.MOVED, ITEMS.c.id > (after or ""))
        wanted = select(ITEMS.c.id).where(*chosen).order_by(ITEMS.c.id).limit(limit)
        async with open_unit(self._engine) as unit:
            await unit.execute(BY_KEY)
            return (await unit.execute(wanted)).scalars().all()

    async def jobs(self, run_id: int, outcome: Outcome) -> Sequence[str]:
        """Jobs of the items with this outcome, in the order they were acted on; for runs that have few as yet."""
        chosen = (ITEMS.c.run_id == run_id, ITEMS.c.outcome == outcome, ITEMS.c.job_id.is_not(None))
        async with open_unit(self._engine) as unit:
            return (await unit.execute(select(ITEMS.c.job_id).where(*chosen).order_by(ITEMS.c.seq))).scalars().all()

    async def last(self, operation: str, id: str) -> tuple[str, datetime] | None:
        """Who had the last run of this verb that moved this thing, and when it did; None where none is known."""
        async with open_look(self._engine) as unit:
            row = (await unit.execute(LAST, {"operation": operation, "id": id})).first()
        return None if row is None else (row.actor, row.at)

    async def intents(self, run_id: int, limit: int) -> Sequence[str]:
        """Ids that were to be acted on and have no outcome yet, in the order they were meant to be."""
        chosen = (ITEMS.c.run_id == run_id, ITEMS.c.outcome.is_(None))
        wanted = select(ITEMS.c.id).where(*chosen).order_by(ITEMS.c.seq).limit(limit)
        async with open_unit(self._engine) as unit:
            return (await unit.execute(wanted)).scalars().all()

    async def outcomes(self, run_id: int) -> Mapping[str, Outcome | None]:
        """Every item of the run with its outcome; for runs of steps, which have few."""
        wanted = select(ITEMS.c.id, ITEMS.c.outcome).where(ITEMS.c.run_id == run_id).order_by(ITEMS.c.seq)
        async with open_unit(self._engine) as unit:
            rows = (await unit.execute(wanted)).all()
        return {row.id: Outcome(row.outcome) if row.outcome else None for row in rows}

    async def intend(self, unit: Unit, run_id: int, ids: Sequence[str]) -> None:
        """Say what is going to be acted on."""
        await unit.execute(INTEND, {"run_id": run_id, "ids": list(ids)})

    async def enter(self, unit: Unit, run_id: int, verdicts: Sequence[Verdict]) -> None:
        """Write down what was acted on in this very unit."""
        await unit.execute(ENTER, _said_once(_columns(run_id, verdicts)))

    async def settle(self, unit: Unit, run_id: int, verdicts: Sequence[Verdict]) -> None:
        """Give intents their outcome; one that has an outcome keeps it."""
        await unit.execute(SETTLE, _columns(run_id, verdicts))


def storable(words: str) -> str:
    """PostgreSQL's text holds every character but U+0000."""
    return words.replace("\0", "\\x00")


def _said_once(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with the one outcome of all, and without details where there are none: a chunk costs half as much."""
    outcomes = set(columns["outcomes"])
    alike = {"outcomes": None, "outcome": outcomes.pop()} if len(outcomes) == 1 else {"outcome": None}
    return {**columns, **alike, "details": columns["details"] if any(columns["details"]) else None}


def _columns(run_id: int, verdicts: Sequence[Verdict]) -> Mapping[str, Any]:
    return {
        "run_id": run_id,
        "ids": [verdict.id for verdict in verdicts],
        "outcomes": [verdict.outcome.value for verdict in verdicts],
        "details": [storable(verdict.detail) if verdict.detail else None for verdict in verdicts],
        "jobs": [verdict.job_id for verdict in verdicts],
    }


def _item(row: RowMapping) -> Item:
    outcome = row["outcome"]
    return Item(row["id"], Outcome(outcome) if outcome else None, row["detail"], row["job_id"])
