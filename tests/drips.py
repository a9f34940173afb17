"""A downstream that can be unwell, a real worker that asks it, and what tests of canaries and drips look at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from graveshift.operation import Actor
from graveshift.settings import WorkerSettings
from graveshift.wire.operations import Role
from graveshift.wire.runs import Run
from graveshift.wire.trials import Canary
from graveshift.worker import Job, Worker
from tests.front import ALL, Front

REQUEUE = "dlq.requeue"
BEN = Actor("ben", Role.OPERATOR)
TRY = {**ALL, "rate": "unlimited", "canary": 5}


class Downstream:
    """What the worker's handler asks: it fails while it is not well, and waits while it is shut."""

    def __init__(self) -> None:
        self.well = True
        self.open = asyncio.Event()
        self.open.set()
        self.seen: list[int] = []

    async def send(self, job: Job) -> None:
        self.seen.append(job.id)
        await self.open.wait()
        if not self.well:
            raise TimeoutError("the downstream does not answer")


@asynccontextmanager
async def working(front: Front, downstream: Downstream, **settings: Any) -> AsyncIterator[None]:
    """A real worker, which retries once and late."""
    chosen = WorkerSettings(**{"backoff_s": 60, "grace_s": 1, **settings})
    worker = Worker(front.queue.work, {"send": downstream.send}, settings=chosen, lease_s=30, version="t")
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        downstream.open.set()
        worker.stop()
        await task


async def canary_of(front: Front, run: Run) -> Canary:
    found = (await front.seen(run)).canary
    assert found is not None
    return found


async def resume(front: Front, run: Run) -> None:
    await front.wheel.steer(run.id, "resume", BEN)


async def moved(front: Front, run: Run, n: int) -> bool:
    return (await front.seen(run)).moved == n
