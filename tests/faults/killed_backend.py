"""F17: the backend is killed in the middle of bulk runs; started again, every letter is moved exactly once by each."""

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
SLOW = text("UPDATE graveshift_ledger.runs SET rate = :rate WHERE id = :run")
PLACES = text("SELECT (SELECT count(*) FROM graveshift.dead), (SELECT count(*) FROM graveshift.trash)")
# Whether all letters are in the dead letter queue and in the trash after it.
TRASHED = {"dlq.discard": (0, 1), "dlq.restore": (1, 0)}
DEAD = text("SELECT count(*) FROM graveshift.dead")
ITEMS = text("""
    SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE outcome = 'moved')
    FROM graveshift_ledger.items WHERE run_id = :run
""")


async def killed_backend(stage: Stage) -> str:
    """AssertionError where a letter was lost, moved twice or miscounted, or a run did not succeed."""
    letters, kills = (stage.jobs, 1) if stage.short else (LETTERS, KILLS)
    engine = create_engine(stage.url)
    front = Front(engine, stage.folder)
    try:
        await front.letters(letters)
        for operation, places in TRASHED.items():
            await _all_are(front, await _cut_off(stage, front, operation, letters, kills), letters, places)
        run = await _cut_off(stage, front, "dlq.requeue", letters, kills)
        await check_moved(front, run.id, letters)
    finally:
        await front.queue.close()
        await engine.dispose()
    return f"{letters} letters discarded, restored and requeued once each, {kills} kills a run"


async def _cut_off(stage: Stage, front: Front, operation: str, letters: int, kills: int) -> Run:
    """The run of this verb over all there is, whose backend was killed on the way."""
    unlimited = {"rate": "unlimited"} if operation == "dlq.requeue" else {}
    run = await front.order(operation, {**ALL, **unlimited})
    if stage.short:
        async with front.engine.begin() as connection:
            await connection.execute(SLOW, {"rate": SLOWLY, "run": int(run.id)})
    latest = 0.3 if stage.short else 0.75
    points = sorted(int(stage.dice.uniform(0.05, latest) * letters) for _ in range(kills))
    async with backend(stage.url, stage.folder) as process:
        for point in points:
            await _reaches(front, run, process, point)
            await process.kill()
            if (await front.seen(run)).state is not RunState.RUNNING:
                raise Skipped("the machine was too busy to kill it mid-run")
            await process.start()
        return await front.ended(run, within=WITHIN_S)


async def _all_are(front: Front, run: Run, letters: int, places: tuple[int, int]) -> None:
    """AssertionError unless all letters are where this run was to move them, each accounted for once."""
    assert (run.state, run.moved) == (RunState.SUCCEEDED, letters), run
    async with front.engine.connect() as connection:
        assert tuple((await connection.execute(PLACES)).one()) == tuple(letters * place for place in places)
        named = {"run": int(run.id)}
        assert tuple((await connection.execute(ITEMS, named)).one()) == (letters, letters, letters)


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
