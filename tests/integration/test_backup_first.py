"""A bulk act over a configured size says that there is no young, verified backup; it never refuses."""

import pytest
from msgspec import structs
from sqlalchemy import text

from graveshift.operations.backup import CreateBackup
from graveshift.store.engine import open_unit
from graveshift.wire.plans import Plan
from tests.front import ALL, ANN, Front

MADE = """
INSERT INTO graveshift_ledger.backups (state, created_at, verified_at)
VALUES (:state, now() - make_interval(secs => :age_s), now())
"""


async def backed_up(front: Front, age_s: float, state: str = "verified") -> None:
    async with open_unit(front.engine) as unit:
        await unit.execute(text(MADE), {"age_s": age_s, "state": state})
        await unit.commit()


async def warned(front: Front, operation: str = "dlq.requeue", **args: object) -> list[str]:
    plan: Plan = await front.desk.plan(operation, args or ALL, ANN)
    return [warning.words for warning in plan.warnings if warning.code == "no-backup"]


@pytest.fixture
def careful(front: Front) -> Front:
    front.world = structs.replace(front.world, backup_above=2, backup_age_s=86_400)
    return front


@pytest.mark.parametrize("operation", ["dlq.requeue", "dlq.discard"])
async def test_more_than_the_size_without_a_backup_warns(careful: Front, operation: str) -> None:
    await careful.letters(3)
    (words,) = await warned(careful, operation)
    assert words == "more than 2, and there is no verified backup: backup.create makes one (B)"


async def test_a_purge_warns_too_and_a_pause_of_the_same_queue_does_not(careful: Front) -> None:
    await careful.bench.put("{}", "{}", "{}")
    queue = f"native:{(await careful.queue.source.queues())[0].name}"
    assert len(await warned(careful, "queue.purge", queue=queue)) == 1
    assert await warned(careful, "queue.pause", queue=queue) == []


async def test_as_many_as_the_size_need_no_backup(careful: Front) -> None:
    await careful.letters(2)
    assert await warned(careful) == []


async def test_an_old_backup_is_told_with_its_age_and_a_young_one_is_enough(careful: Front) -> None:
    await careful.letters(3)
    await backed_up(careful, 3 * 86_400)
    await backed_up(careful, 60, state="failed")
    (words,) = await warned(careful)
    assert "the last verified backup is 3d old" in words
    await backed_up(careful, 60)
    assert await warned(careful) == []


async def test_a_backup_that_is_being_made_is_told_instead_of_the_way_to_another(careful: Front) -> None:
    careful.operations |= {CreateBackup.name: CreateBackup}
    await careful.letters(3)
    run = await careful.order("backup.create", {})
    last = "more than 2, and there is no verified backup"
    assert await warned(careful) == [f"{last}: run {run.id} of ann is making one now"]
    await careful.wheel.steer(run.id, "pause", ANN)
    assert await warned(careful) == [f"{last}: run {run.id} of ann would make one, but is paused"]
    await careful.wheel.steer(run.id, "cancel", ANN)
    assert await warned(careful) == [f"{last}: backup.create makes one (B)"]


async def test_where_it_is_off_nothing_warns(front: Front) -> None:
    front.world = structs.replace(front.world, backup_above=None)
    await front.letters(3)
    assert await warned(front) == []
