"""The ledger forgets too: items before runs, runs with their plans, the audit from its beginning."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.store.audit import AuditBook, Deed
from graveshift.store.keeping import KeepingBook, LedgerDays
from tests.front import ANN, Front


async def sql(engine: AsyncEngine, statement: str, **named: Any) -> list[Any]:
    async with engine.begin() as connection:
        result = await connection.execute(text(statement), named)
        return list(result.scalars()) if result.returns_rows else []


async def leads(unit: object) -> None:
    """Nobody else does."""


async def test_the_ledger_forgets_items_then_runs_with_their_plans(front: Front) -> None:
    await front.letters(3)
    async with front.running():
        await front.ended(await front.order("dlq.requeue", {"selection": {"all": True}, "rate": "unlimited"}))
    await front.desk.plan("dlq.requeue", {"selection": {"all": True}}, ANN)
    book = KeepingBook(front.engine, front.audit, LedgerDays())
    kept = "SELECT (SELECT count(*) FROM graveshift_ledger.{}) AS n"

    async def left() -> list[int]:
        return [(await sql(front.engine, kept.format(name)))[0] for name in ("items", "runs", "plans", "audit")]

    await book.prune(leads)
    assert await left() == [3, 1, 2, 2]
    await sql(front.engine, "UPDATE graveshift_ledger.runs SET finished_at = now() - interval '100 days'")
    await sql(front.engine, "UPDATE graveshift_ledger.plans SET expires_at = now() - interval '2 days'")
    await book.prune(leads)
    assert await left() == [0, 1, 1, 2]
    await sql(front.engine, "UPDATE graveshift_ledger.runs SET finished_at = now() - interval '400 days'")
    await book.prune(leads)
    assert await left() == [0, 0, 0, 2]


async def test_the_record_forgets_from_its_beginning_and_says_so_and_nothing_of_the_last_year(front: Front) -> None:
    audit = AuditBook(front.engine)
    old = """INSERT INTO graveshift_ledger.audit (seq, at, actor, operation, outcome)
             VALUES (:n, now() - interval '4 years', 'ann', 'dlq.requeue', 'started')"""
    for n in (1, 2):
        await sql(front.engine, old, n=n)
    await sql(front.engine, "UPDATE graveshift_ledger.audit_head SET seq = 2")
    await audit.record("ann", "cli", Deed(operation="dlq.discard", outcome="started"))
    await KeepingBook(front.engine, audit, LedgerDays()).prune(leads)
    told = [(entry.seq, entry.operation, entry.total) for entry in await front.record()]
    assert told == [(3, "dlq.discard", None), (4, "audit.prune", 2)]
    with pytest.raises(DBAPIError, match="append-only"):
        await sql(front.engine, "DELETE FROM graveshift_ledger.audit WHERE seq = 3")


async def test_the_index_of_a_system_that_left_the_settings_is_forgotten(front: Front) -> None:
    mark = """INSERT INTO graveshift_ledger.marks (system, mark, at)
              VALUES (:system, '1', now() - make_interval(days => :days))"""
    letter = """INSERT INTO graveshift_ledger.letters (system, died_at, id, job_id, queue, kind, fingerprint,
                                                       error_type, error_message)
                VALUES (:system, now(), '1-1', '1', 'q', 'k', 'f', 'E', '')"""
    for system, days in (("left", 8), ("here", 0)):
        await sql(front.engine, mark, system=system, days=days)
        await sql(front.engine, letter, system=system)
    await KeepingBook(front.engine, front.audit, LedgerDays()).prune(leads)
    for table in ("letters", "marks"):
        assert await sql(front.engine, f"SELECT system FROM graveshift_ledger.{table}") == ["here"]
