"""F17: the backend is killed in the middle of a requeue; started again, every letter is moved exactly once."""

from sqlalchemy import text

from graveshift.store.engine import create_engine
from graveshift.wire.runs import Run, RunState
from tests.faults.backend import Backend, backend
from tests.faults.scene import Skipped, Stage
from tests.front import ALL, Front, true

LETTERS = 20_000
KILLS = 2
# In the short form there is time to kill it mid-run on a machine that has other work.
SLOWLY = 400
WITHIN_S = 120.0

# What the world says, whatever the ledger says: how often each letter was moved, and where its job is now.
MOVES = text("SELECT count(*), count(DISTINCT (died_at, id)) FROM graveshift.settled WHERE settled_by = :run")
JOBS = text("SELECT count(*), count(*) FILTER (WHERE state = 'waiting' AND requeue_count = 1) FROM graveshift.jobs")
DEAD = text("SELECT count(*) FROM graveshift.dead")
ITEMS = text("""
    SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE outcome = 'moved')
    FROM graveshift_ledger.items WHERE run_id = :run
""")


async def killed_backend(stage: Stage) -> str:
    """AssertionError where a letter was lost, moved twice or miscounted, or the run did not succeed."""
    letters, kills = (stage.jobs, 1) if stage.short else (LETTERS, KILLS)
    dice, url, folder = stage.dice, stage.url, stage.folder
    engine = create_engine(url)
    front = Front(engine, folder)
    try:
        await front.letters(letters)
        run = await front.order("dlq.requeue", {**ALL, "rate": SLOWLY if stage.short else "unlimited"})
        latest = 0.3 if stage.short else 0.75
        points = sorted(int(dice.uniform(0.05, latest) * letters) for _ in range(kills))
        async with backend(url, folder) as process:
            for point in points:
                await _reaches(front, run, process, point)
                await process.kill()
                if (await front.seen(run)).state is not RunState.RUNNING:
                    raise Skipped("the machine was too busy to kill it mid-run")
                await process.start()
            run = await front.ended(run, within=WITHIN_S)
        await check_moved(front, run.id, letters)
    finally:
        await front.queue.close()
        await engine.dispose()
    return f"{letters} letters moved once each, {kills} kills"


async def _reaches(front: Front, run: Run, process: Backend, point: int) -> None:
    async def there() -> bool:
        assert process.is_alive, process.said
        return (await front.seen(run)).moved >= point

    await true(there, within=WITHIN_S, what=f"{point} letters are moved")


async def check_moved(front: Front, id: str, letters: int) -> None:
    """AssertionError unless this run has moved every letter once, in the tables and on the record."""
    run = await front.runs.one(int(id))
    assert run is not None
    assert (run.state, run.total, run.moved) == (RunState.SUCCEEDED, letters, letters), run
    async with front.engine.connect() as connection:
        named = {"run": int(run.id)}
        assert tuple((await connection.execute(MOVES, named)).one()) == (letters, letters)
        assert tuple((await connection.execute(JOBS)).one()) == (letters, letters)
        assert (await connection.execute(DEAD)).scalar_one() == 0
        assert tuple((await connection.execute(ITEMS, named)).one()) == (letters, letters, letters)
    outcomes = [entry.outcome for entry in await front.record() if entry.run_id == run.id]
    assert outcomes == ["started", "succeeded"], outcomes
