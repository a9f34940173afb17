"""F3, F4: SIGTERM during a long job, once and twice: it is given back, and costs the job none of its attempts."""

import asyncio
import signal
from pathlib import Path
from time import monotonic

from msgspec import structs
from sqlalchemy import text

from graveshift.library import connect
from tests.faults.crew import Hand
from tests.faults.producer import QUEUE
from tests.faults.scene import Scene, Stage, play

LIVE = text("SELECT state, max_attempts - attempt AS spare, crashes FROM graveshift.jobs WHERE id = :id")
BUDGET = 3


async def stopped_worker(stage: Stage) -> str:
    """AssertionError where the job lost an attempt or the worker did not leave in order."""
    return await play(_scene(stage), lambda scene: _rounds(scene, again=False))


async def twice_stopped_worker(stage: Stage) -> str:
    """The same with a second signal: it must leave at once."""
    return await play(_scene(stage), lambda scene: _rounds(scene, again=True))


def _scene(stage: Stage) -> Scene:
    """A lease that a busy machine does not break: one that is lost costs an attempt, and it should."""
    return Scene(structs.replace(stage, lease_s=stage.lease_s * stage.patience), replaces=True)


async def _rounds(scene: Scene, *, again: bool) -> None:
    for number in range(1 if scene.stage.short else 3):
        await _one(scene, scene.stage.folder / f"go-{number}", again=again)


async def _one(scene: Scene, go: Path, *, again: bool) -> None:
    async with connect(scene.stage.url) as producer:
        job = await producer.enqueue(QUEUE, "hold", {"go": str(go)}, max_attempts=BUDGET, trace_id=go.name)
    scene.record.acked[job] = go.name
    hand = await _holder(scene, job, set())
    hand.send(signal.SIGTERM)
    if again:

        async def heard() -> bool:
            return bool(hand.said("worker_stopping"))

        await scene.until("the worker stops", heard)
        hand.send(signal.SIGTERM)
    began = monotonic()
    code = await asyncio.wait_for(hand.child.wait(), 20 * scene.stage.patience)
    assert code == (1 if again else 0), hand.last_words
    assert not again or monotonic() - began < 3 * scene.stage.patience, "a second signal did not make it leave"
    (row,) = await scene.rows(LIVE, id=job)
    assert (row.crashes, row.spare + (row.state == "running")) == (0, BUDGET), row
    await _holder(scene, job, {hand.pid})
    await asyncio.to_thread(go.touch)


async def _holder(scene: Scene, job: int, but: set[int]) -> Hand:
    """Who has begun the job, other than these."""
    found: list[Hand] = []

    async def begun() -> bool:
        pids = {trace.pid for trace in scene.traces().of(job, "began")} - but
        found.extend(hand for hand in scene.crew.all if hand.pid in pids)
        return bool(found)

    await scene.until(f"job {job} is begun", begun)
    return found[0]
