"""Requeue and undo through the Desk and a runner, with the full ledger, against a bare move over the same tables."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

import psycopg

from graveshift import embedded, migrations
from graveshift.store.engine import create_engine
from graveshift.wire.runs import Run
from tests.bench.report import Figure
from tests.front import Front, true

CHUNK = 1000
# Letters of the newest day, as a burst leaves them: the server has no statistics of them.
FILL = """
WITH new AS (SELECT nextval('graveshift.job_id') AS id, i FROM generate_series(1, %s) i)
INSERT INTO graveshift.dead (died_at, id, enqueued_at, attempt, max_attempts, budget, requeue_count, priority, queue,
                             kind, fingerprint, error_type)
SELECT now() - make_interval(secs => i / 1000.0), id, now() - interval '1 day', 5, 5, 5, 0, 0, %s, 'send',
       'f' || i %% 12, 'ValueError'
FROM new
"""
BARE = """
WITH chosen AS MATERIALIZED (
    SELECT died_at, id FROM graveshift.dead WHERE queue = 'bare' ORDER BY died_at, id LIMIT %s
), gone AS (
    DELETE FROM graveshift.dead d USING chosen WHERE d.died_at = chosen.died_at AND d.id = chosen.id RETURNING d.*
)
INSERT INTO graveshift.jobs (id, enqueued_at, run_id, attempt, max_attempts, budget, requeue_count, priority, queue,
                             kind, state)
SELECT id, enqueued_at, 0, attempt, attempt + budget, budget, requeue_count + 1, priority, queue, kind, 'waiting'
FROM gone
"""


def measure(*, quick: bool) -> list[Figure]:
    """Letters a second; the budgets are shares of what the bare move does in the same run."""
    home = embedded.temporary_home()
    folder = Path(tempfile.mkdtemp(prefix="graveshift-bench-"))
    try:
        server = embedded.start(embedded.Wish(home=home, durable=True))
        asyncio.run(migrations.upgrade(server.url))
        return asyncio.run(_rounds(server, folder, 20_000 if quick else 200_000))
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


async def _rounds(server: embedded.Server, folder: Path, letters: int) -> list[Figure]:
    bare = await asyncio.to_thread(_bare, server.dsn, letters)
    engine = create_engine(server.url)
    front = Front(engine, folder)
    try:
        async with front.running():
            moved = await _run(
                front, "dlq.requeue", {"selection": {"filter": {"queue": "ours"}}, "rate": "unlimited"}, letters
            )
            undone = await _run(front, "run.undo", {"run": moved.id}, letters)
    finally:
        await front.queue.close()
        await engine.dispose()
    requeue, undo = _rate(moved), _rate(undone)
    return [
        Figure("bare move", bare, "/s"),
        Figure("requeue", requeue, "/s"),
        Figure("undo", undo, "/s"),
        Figure("requeue to bare move", requeue / bare, "x", 0.15, at_least=True),
        Figure("undo to bare move", undo / bare, "x", 0.1, at_least=True),
    ]


def _bare(dsn: str, letters: int) -> float:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for queue in ("bare", "ours"):
            connection.execute(FILL, (letters, queue))
        begun = time.monotonic()
        for _ in range(letters // CHUNK):
            connection.execute(BARE, (CHUNK,))
        return letters / (time.monotonic() - begun)


async def _run(front: Front, operation: str, args: dict[str, object], letters: int) -> Run:
    run = await front.order(operation, args)
    await true(lambda: _over(front, run), within=600, what=operation)
    ended = await front.seen(run)
    assert ended.moved == letters, ended
    return ended


async def _over(front: Front, run: Run) -> bool:
    return not (await front.seen(run)).state.is_live


def _rate(run: Run) -> float:
    assert run.started_at is not None
    assert run.finished_at is not None
    return run.moved / (run.finished_at - run.started_at).total_seconds()
