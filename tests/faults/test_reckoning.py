"""The reckoning after a storm notices a letter that is lost, one that is doubled, and a run that tells lies."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from graveshift.store.engine import create_engine
from tests.faults.reckoning import reckon
from tests.front import ALL, Front

LETTERS = 5


@pytest.fixture
async def front(database: str, tmp_path: Path) -> AsyncIterator[Front]:
    engine = create_engine(database)
    front = Front(engine, tmp_path)
    yield front
    await front.queue.close()
    await engine.dispose()


async def requeued(front: Front) -> list[dict[str, Any]]:
    """The run of a requeue of all letters, as the API tells it."""
    await front.letters(LETTERS)
    async with front.running():
        run = await front.ended(await front.order("dlq.requeue", {**ALL, "rate": "unlimited"}))
    return [msgspec.to_builtins(run)]


async def test_an_honest_run_is_counted(front: Front) -> None:
    tally = await reckon(front.engine, await requeued(front))
    assert (tally.letters, tally.moved) == (LETTERS, LETTERS)


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("DELETE FROM graveshift.jobs WHERE id = (SELECT min(id) FROM graveshift.jobs)", "is nowhere after"),
        (
            "INSERT INTO graveshift.dead (died_at, id, enqueued_at, attempt, max_attempts, budget, requeue_count,"
            " priority, queue, kind, fingerprint, error_type) SELECT now(), id, now(), 1, 1, 1, 1, 0, queue, kind, 'f',"
            " 'E' FROM graveshift.jobs LIMIT 1",
            "in two places",
        ),
        (
            "DELETE FROM graveshift_ledger.items WHERE ctid = (SELECT min(ctid) FROM graveshift_ledger.items)",
            "its items 4",
        ),
        ("UPDATE graveshift.depth SET n = n + 1 WHERE what = 'waiting'", "depth says"),
    ],
)
async def test_a_lie_is_found(front: Front, lie: str, said: str) -> None:
    runs = await requeued(front)
    await front.queue.upkeep.roll_up()
    async with front.engine.begin() as connection:
        await connection.execute(text(lie))
    with pytest.raises(AssertionError, match=said):
        await reckon(front.engine, runs)
