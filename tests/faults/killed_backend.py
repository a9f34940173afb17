"""F17: the backend is killed in the middle of bulk runs; started again, every letter is moved exactly once by each."""

from contextlib import suppress

from msgspec import structs
from sqlalchemy import text

from graveshift.store.engine import create_engine
from graveshift.wire.runs import Run, RunState
from tests.faults.backend import Backend, backend
from tests.faults.scene import Stage
from tests.front import ALL, Front, true

LETTERS = 20_000
KILLS = 2
# A kill that comes when the run has ended proves nothing: it is tried once more with a slower run, and then again.
RATES: tuple[int | None, ...] = (None, 2000, 400)
SHORT_RATES: tuple[int | None, ...] = (400, 100)
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


class TooLate(AssertionError):
    """the run had ended before the backend was killed"""


async def killed_backend(stage: Stage) -> str:
    """AssertionError where a letter was lost, moved twice or miscounted, or a run did not succeed."""
    rates = SHORT_RATES if stage.short else RATES
    for number, rate in enumerate(rates[:-1]):
        with suppress(TooLate):
            return await _killed_at(stage, rate, number)
    return await _killed_at(stage, rates[-1], len(rates) - 1)


async def _killed_at(stage: Stage, rate: int | None, number: int) -> str:
    """All three runs at this rate, in a database of their own. Raises TooLate."""
    letters = stage.jobs if stage.short else LETTERS
    here = structs.replace(stage, url=await stage.place.migrated(f"f17_{number}"), folder=stage.folder / str(number))
    here.folder.mkdir()
    engine = create_engine(here.url)
    front = Front(engine, here.folder)
    try:
        await front.letters(letters)
        for operation, places in TRASHED.items():
            await _all_are(front, await _cut_off(here, front, operation, rate, letters), letters, places)
        run = await _cut_off(here, front, "dlq.requeue", rate, letters)
        await check_moved(front, run.id, letters)
    finally:
        await front.queue.close()
        await engine.dispose()
    pace = f"{rate} a second" if rate else "as fast as it goes"
    return f"{letters} letters discarded, restored and requeued once each, each run killed on the way, {pace}"


async def _cut_off(stage: Stage, front: Front, operation: str, rate: int | None, letters: int) -> Run:
    """The run of this verb over all there is, whose backend was killed on the way."""
    unlimited = {"rate": "unlimited"} if operation == "dlq.requeue" else {}
    run = await front.order(operation, {**ALL, **unlimited})
    if rate:
        async with front.engine.begin() as connection:
            await connection.execute(SLOW, {"rate": rate, "run": int(run.id)})
    kills, latest = (1, 0.3) if stage.short else (KILLS, 0.75)
    points = sorted(int(stage.dice.uniform(0.05, latest) * letters) for _ in range(kills))
    async with backend(stage.url, stage.folder) as process:
        for point in points:
            await _reaches(front, run, process, point)
            await process.kill()
            if (await front.seen(run)).state is not RunState.RUNNING:
                raise TooLate
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
