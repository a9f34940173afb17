"""The ledger: a record without gaps that nobody rewrites, tokens that are never shown twice, one leader at a time."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from graveshift.errors import DatabaseUnavailable, Fenced, Invalid
from graveshift.operation import Actor
from graveshift.store.audit import Deed
from graveshift.store.leases import LeaseBook
from graveshift.store.tokens import TokenBook
from graveshift.wire.operations import Role
from tests.front import ALL, ANN, Front

ADA = Actor("ada", Role.ADMIN, "direct")
DEED = Deed(operation="dlq.requeue", outcome="started")


async def test_entries_are_numbered_without_gaps_by_many_writers_and_rollbacks(front: Front) -> None:
    async def write(n: int) -> None:
        async with front.runs.unit() as unit:
            await front.audit.write(unit, f"writer {n}", "http", DEED)
            if n % 3:
                await unit.commit()

    await asyncio.gather(*[write(n) for n in range(30)])
    assert [entry.seq for entry in await front.record()] == list(range(1, 21))


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET seq = 1 WHERE false"]
)
async def test_the_record_is_append_only(front: Front, statement: str) -> None:
    await front.audit.record("ann", "http", DEED)
    with pytest.raises(DBAPIError, match="append-only"):
        async with front.engine.begin() as connection:
            await connection.execute(text(statement.format("graveshift_ledger.audit")))


async def test_the_record_is_read_newest_first_page_by_page_and_one_by_one(front: Front) -> None:
    for n in range(5):
        await front.audit.record(f"a{n}", None, DEED)
    first = await front.audit.page(None, 2)
    second = await front.audit.page(first.next_cursor, 2)
    last = await front.audit.page(second.next_cursor, 2)
    assert [entry.seq for page in (first, second, last) for entry in page.items] == [5, 4, 3, 2, 1]
    assert (first.total, first.total_is_exact, last.next_cursor) == (5, True, None)
    entry = await front.audit.one(3)
    assert entry is not None
    assert entry.actor == "a2"
    assert await front.audit.one(6) is None


async def test_a_cursor_of_somebody_else_is_refused(front: Front) -> None:
    for cursor in ("x", "", "WyJhIl0"):
        if cursor:
            with pytest.raises(Invalid):
                await front.runs.page(cursor, 10)


async def test_runs_are_read_newest_first(front: Front) -> None:
    runs = [await front.order("dlq.requeue", ALL) for _ in range(3)]
    page = await front.runs.page(None, 2)
    assert [run.id for run in page.items] == [runs[2].id, runs[1].id]
    rest = await front.runs.page(page.next_cursor, 2)
    assert [run.id for run in rest.items] == [runs[0].id]
    assert [run.id for run in await front.runs.live()] == [run.id for run in reversed(runs)]
    assert await front.runs.one(10**9) is None


@pytest.mark.parametrize("state", ["40P01", "40001", "55P03", "57P01", "53300"])
async def test_what_will_pass_is_told_from_what_is_wrong(front: Front, state: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        await _raise(front, state)
    with pytest.raises(DBAPIError, match="nothing to retry"):
        await _raise(front, "23514")


async def test_a_token_is_known_by_its_whole_text_only(front: Front) -> None:
    tokens = TokenBook(front.engine, front.audit)
    text_ = await tokens.create("ann", Role.OPERATOR, ADA)
    assert await tokens.verify(text_) == ANN
    prefix, id, secret = text_.split("_")
    assert prefix == "gs"
    wrong = [text_[:-1], text_ + "0", f"gs_{id}_", f"gs_{id}_{'0' * 64}", f"gs_0_{secret}", "", "gs_", "x", "gs_\0_é"]
    assert [await tokens.verify(token) for token in wrong] == [None] * len(wrong)


async def test_no_secret_of_a_token_is_kept(front: Front) -> None:
    secret = (await TokenBook(front.engine, front.audit).create("ann", Role.VIEWER, ADA)).rpartition("_")[2]
    async with front.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT t::text FROM graveshift_ledger.tokens t"))).scalars().all()
        audit = (await connection.execute(text("SELECT a::text FROM graveshift_ledger.audit a"))).scalars().all()
    assert secret not in f"{rows} {audit}"


async def test_a_token_has_a_name_that_a_terminal_can_show(front: Front) -> None:
    tokens = TokenBook(front.engine, front.audit)
    for name in ("", "a\nb", "\x1b[31mred", "x" * 129):
        with pytest.raises(Invalid, match="printable"):
            await tokens.create(name, Role.VIEWER, ADA)


async def test_revoked_and_expired_tokens_are_worthless(front: Front) -> None:
    tokens = TokenBook(front.engine, front.audit)
    kept, revoked = [await tokens.create(name, Role.VIEWER, ADA) for name in ("kept", "revoked")]
    expired = await tokens.create("old", Role.VIEWER, ADA, datetime.now(UTC) - timedelta(seconds=1))
    assert await tokens.revoke(revoked.split("_")[1], ADA)
    assert not await tokens.revoke(revoked.split("_")[1], ADA)
    assert [bool(await tokens.verify(token)) for token in (kept, revoked, expired)] == [True, False, False]
    assert {token.name for token in await tokens.list() if token.revoked_at} == {"revoked"}
    acts = [(entry.operation, entry.actor, entry.source) for entry in await front.record()]
    assert acts == [("token.create", "ada", "direct")] * 3 + [("token.revoke", "ada", "direct")]


async def test_of_many_who_would_lead_one_does(front: Front) -> None:
    books = [LeaseBook(front.engine, uuid4()) for _ in range(8)]
    epochs = await asyncio.gather(*[book.take("loops", 60) for book in books])
    assert sorted(epoch is not None for epoch in epochs) == [False] * 7 + [True]


async def test_a_leader_that_slept_is_fenced_by_the_epoch_of_the_next(front: Front) -> None:
    slept, next_ = LeaseBook(front.engine, uuid4()), LeaseBook(front.engine, uuid4())
    epoch = await slept.take("loops", 0.01)
    assert epoch is not None
    await asyncio.sleep(0.05)
    newer = await next_.take("loops", 60)
    assert newer == epoch + 1
    assert not await slept.renew("loops", epoch, 60)
    assert await next_.renew("loops", newer, 60)
    async with front.runs.unit() as unit:
        await next_.check(unit, "loops", newer)
        with pytest.raises(Fenced):
            await slept.check(unit, "loops", epoch)


async def test_a_leader_that_gives_up_is_followed_at_once(front: Front) -> None:
    first, second = LeaseBook(front.engine, uuid4()), LeaseBook(front.engine, uuid4())
    epoch = await first.take("loops", 60)
    assert epoch is not None
    assert await second.take("loops", 60) is None
    await first.give_up("loops", epoch)
    assert await second.take("loops", 60) == epoch + 1


async def _raise(front: Front, state: str) -> None:
    async with front.runs.unit() as unit:
        await unit.execute(text(f"DO $$ BEGIN RAISE 'nothing to retry' USING ERRCODE = '{state}'; END $$"))
