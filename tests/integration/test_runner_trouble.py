"""Runs under trouble: carriers that die, sleep or are overtaken, records that cannot be written."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from graveshift.errors import Fenced
from graveshift.store.carrying import CarryBook
from graveshift.wire.runs import Run, RunState
from tests.front import ALL, ANN, Front, true

REQUEUE = "dlq.requeue"
FAST = {**ALL, "rate": "unlimited"}


@pytest.fixture
def without_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """Carriers that are stopped leave their leases behind, as the killed do."""
    monkeypatch.setattr("graveshift.runner.LET_GO_S", 0)


@pytest.mark.usefixtures("without_goodbye")
async def test_a_run_whose_backend_fell_silent_goes_on_at_its_last_committed_chunk(front: Front) -> None:
    await front.letters(60)
    run = await front.order(REQUEUE, {**ALL, "rate": 20})
    async with front.running(lease_s=2):
        await true(lambda: _moved(front, run, 11))
    left = await front.seen(run)
    assert (left.state, left.moved < 60) == (RunState.RUNNING, True)
    await front.desk.rate(run.id, None, ANN)
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.moved, len(await front.items(run))) == (RunState.SUCCEEDED, 60, 60)


@pytest.mark.usefixtures("without_goodbye")
async def test_carriers_killed_again_and_again_lose_and_double_nothing(front: Front) -> None:
    await front.letters(200)
    run = await front.order(REQUEUE, FAST)
    kills, moved, life_s = 0, 0, 0.03
    while (seen := await front.seen(run)).state.is_live:
        # A carrier that died too young to move anything is followed by one that lives longer.
        life_s, moved = (life_s * 1.5 if seen.moved == moved else 0.03), seen.moved
        carrier = asyncio.create_task(front.runner(chunk=3, lease_s=0.05).run_forever(asyncio.Event()))
        await asyncio.sleep(life_s)
        carrier.cancel()
        await asyncio.gather(carrier, return_exceptions=True)
        kills += 1
    run = await front.seen(run)
    assert kills > 3
    assert (run.state, run.moved, len(await front.items(run))) == (RunState.SUCCEEDED, 200, 200)


async def test_a_carrier_whose_lease_is_taken_stops_and_writes_nothing_more(front: Front) -> None:
    await front.letters(50)
    run = await front.order(REQUEUE, {**ALL, "rate": 20})
    async with front.running():
        await true(lambda: _moved(front, run, 1))
        await _taken_over(front, run)
        seen = await front.seen(run)
        await asyncio.sleep(1.5)
        assert (await front.seen(run)).moved == seen.moved
        assert len(await front.letters(0)) == 50 - seen.moved


async def test_every_write_of_a_former_carrier_is_fenced(front: Front) -> None:
    await front.order(REQUEUE, FAST)
    first, second = [CarryBook(front.engine, uuid4(), lease_s) for lease_s in (0.01, 60)]
    held = await first.take([])
    assert held is not None
    await asyncio.sleep(0.05)
    taken = await second.take([])
    assert taken is not None
    assert taken.id == held.id
    assert await first.renew([held.id]) == set()
    async with front.runs.unit() as unit:
        for write in (
            first.hold(unit, held.id),
            first.account(unit, held.id, [], "x"),
            first.set_total(unit, held.id, 1),
            first.leave(unit, held.id, RunState.FAILED),
        ):
            with pytest.raises(Fenced):
                await write


async def test_a_stopped_backend_hands_its_runs_over_at_once(front: Front) -> None:
    await front.letters(30)
    run = await front.order(REQUEUE, {**ALL, "rate": 4})
    async with front.running(lease_s=600):
        await true(lambda: _moved(front, run, 1))
    assert (await front.seen(run)).state is RunState.QUEUED
    await front.desk.rate(run.id, None, ANN)
    async with front.running():
        assert (await front.ended(run)).moved == 30


async def test_a_cancel_that_a_stopping_backend_did_not_get_to_is_heeded_by_the_next(front: Front) -> None:
    await front.letters(30)
    run = await front.order(REQUEUE, {**ALL, "rate": 0.1})
    async with front.running():
        await true(lambda: _moved(front, run, 1))
        await front.desk.steer(run.id, "cancel", ANN)
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.CANCELLED, 1)


async def test_an_operation_that_this_version_does_not_know_is_lost(front: Front) -> None:
    run = await front.order(REQUEUE, FAST)
    del front.operations[REQUEUE]
    async with front.running():
        run = await front.ended(run)
    assert run.state is RunState.LOST
    assert REQUEUE in (run.error or "")
    assert [entry.outcome for entry in await front.record()] == ["started", "lost"]


async def test_an_end_that_cannot_be_put_on_the_record_waits_until_it_can(front: Front) -> None:
    await front.letters(3)
    run = await front.order(REQUEUE, FAST)
    await _audit(front, "ADD CONSTRAINT full_disk CHECK (outcome <> 'succeeded')")
    async with front.running():
        await true(lambda: _moved(front, run, 3))
        await asyncio.sleep(0.3)
        assert (await front.seen(run)).state.is_live
        await _audit(front, "DROP CONSTRAINT full_disk")
        run = await front.ended(run)
    assert (run.state, run.moved, len(await front.items(run))) == (RunState.SUCCEEDED, 3, 3)


async def _moved(front: Front, run: Run, n: int) -> bool:
    return (await front.seen(run)).moved >= n


async def _audit(front: Front, change: str) -> None:
    async with front.engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE graveshift_ledger.audit {change}"))


async def _taken_over(front: Front, run: Run) -> None:
    """As if another had taken it up while its carrier slept."""
    change = "lease_owner = gen_random_uuid(), lease_until = now() + interval '1 hour'"
    async with front.engine.begin() as connection:
        await connection.execute(text(f"UPDATE graveshift_ledger.runs SET {change} WHERE id = {int(run.id)}"))
