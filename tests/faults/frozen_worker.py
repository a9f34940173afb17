"""F2: a worker is frozen for longer than its lease and wakes up: what it then says of its jobs is not believed."""

import asyncio
import signal

from sqlalchemy import text

from graveshift.library import connect
from tests.faults.crew import Hand
from tests.faults.producer import MANY_ATTEMPTS, QUEUE
from tests.faults.scene import Scene, Stage, play

# What it had sent before it froze comes true without it.
ON_ITS_WAY_S = 1.0
HELD = text("SELECT count(*) FROM graveshift.jobs WHERE lease_owner = CAST(:owner AS uuid)")


async def frozen_worker(stage: Stage) -> str:
    """AssertionError where the sleeper ended a job that was given to another."""
    dice = stage.dice

    def make(number: int) -> dict[str, object]:
        return {"nap": dice.uniform(0, 0.06) if number % 10 else 0.5}

    async def inject(scene: Scene) -> None:
        for _ in range(1 if stage.short else 2):
            await _one(scene)

    return await play(Scene(stage, make=make), inject)


async def _one(scene: Scene) -> None:
    sleeper = await _with_jobs(scene)
    before = len(sleeper.said("job_fenced"))
    try:

        async def taken_back() -> bool:
            return not await _held(scene, sleeper)

        await scene.until("its jobs are taken back", taken_back, within=scene.stage.bound_s)
    finally:
        sleeper.send(signal.SIGCONT)

    async def fenced() -> bool:
        return len(sleeper.said("job_fenced")) > before

    await scene.until("the sleeper is fenced", fenced, within=10)


async def _with_jobs(scene: Scene) -> Hand:
    """A worker that was stopped with jobs in its hands."""
    found: list[Hand] = []

    async def caught() -> bool:
        await _feed(scene)
        hand = scene.dice.choice(scene.crew.hands)
        hand.send(signal.SIGSTOP)
        if hand.id and await _held(scene, hand):
            await asyncio.sleep(ON_ITS_WAY_S)
            if await _held(scene, hand):
                found.append(hand)
                return True
        hand.send(signal.SIGCONT)
        return False

    await scene.until("a worker is frozen with jobs in its hands", caught)
    return found[0]


async def _feed(scene: Scene) -> None:
    """There must be something to hold, however long the catching takes."""
    async with connect(scene.stage.url) as producer:
        for number in range(8):
            tag = f"feed-{len(scene.record.acked)}-{number}"
            id = await producer.enqueue(QUEUE, "stride", {"nap": 1.0}, max_attempts=MANY_ATTEMPTS, trace_id=tag)
            scene.record.acked[id] = tag


async def _held(scene: Scene, hand: Hand) -> int:
    return int((await scene.rows(HELD, owner=hand.id))[0][0])
