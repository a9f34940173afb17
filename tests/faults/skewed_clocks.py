"""F16: clocks of worker and backend hosts are an hour off, and jump: every lease and date is the database's."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import structs
from sqlalchemy import text

from tests.faults.producer import QUEUE
from tests.faults.scene import Scene, Stage, play

# Python imports this in every process of ours: odd pids are an hour late, even ones early, and later the reverse.
SKEW = """
import os
import threading
import time

import time_machine

TRUE, BEGAN, SHIFT = time.time(), time.monotonic(), 3600 * (1 if os.getpid() % 2 else -1)
travel = time_machine.travel(TRUE + SHIFT, tick=True)
travel.start()


def jump():
    global travel
    travel.stop()
    travel = time_machine.travel(TRUE - SHIFT + time.monotonic() - BEGAN, tick=True)
    travel.start()


timer = threading.Timer(5, jump)
timer.daemon = True
timer.start()
"""
LATER_S = 3
LATER = text("""
    SELECT graveshift.enqueue(:queue, 'stride', '{"nap": 0}', run_at => now() + make_interval(secs => :later),
                              trace_id => 'later-' || n) AS id
    FROM generate_series(1, 20) n
""")
EARLY = text("""
    SELECT count(*) FROM graveshift.done
    WHERE trace_id LIKE 'later-%' AND started_at < enqueued_at + make_interval(secs => :later)
""")
# The orphan of the drama has a second attempt by right; it has no trace.
AGAIN = text("SELECT count(*) FROM graveshift.done WHERE attempt > 1 AND trace_id IS NOT NULL")
ODD = text("""
    SELECT count(*) FROM (SELECT started_at AS at FROM graveshift.done UNION ALL SELECT finished_at FROM graveshift.done
                          UNION ALL SELECT heartbeat_at FROM graveshift.workers) stamps
    WHERE at NOT BETWEEN now() - interval '10 minutes' AND now()
""")


async def skewed_clocks(stage: Stage) -> str:
    """AssertionError where a job came early, a claim was lost to a clock, or a date is a worker's."""
    folder = stage.folder / "skew"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SKEW)
    environment = {"PYTHONPATH": str(folder)}

    async def inject(scene: Scene) -> None:
        async with scene.engine.begin() as connection:
            rows = (await connection.execute(LATER, {"queue": QUEUE, "later": LATER_S})).all()
        scene.record.acked.update({row.id: f"later-{n}" for n, row in enumerate(rows, 1)})

    async def judged(scene: Scene) -> None:
        again, odd, early = [(await scene.rows(one))[0][0] for one in (AGAIN, ODD, EARLY.bindparams(later=LATER_S))]
        assert (again, odd, early) == (0, 0, 0), f"{again} ran again, {odd} dates are odd, {early} came early"
        _was_skewed(scene.crew.all[0].log)

    patient = structs.replace(
        stage, lease_s=15.0 * stage.patience
    )  # here nothing shall be lost, on a slow machine either
    return await play(Scene(patient, environment=environment, serve_environment=environment), inject, judged)


def _was_skewed(log: Path) -> None:
    """The worker's own log must have the wrong hour, else nothing was tried."""
    true = datetime.fromtimestamp(log.stat().st_mtime, UTC)
    lines = [line for line in log.read_text().splitlines() if '"timestamp"' in line]
    times = [datetime.fromisoformat(json.loads(line)["timestamp"]) for line in lines]
    assert times, "the worker's log has no times"
    assert all(abs(true - time) > timedelta(minutes=30) for time in times), lines[0]
