"""Callers who enqueue over HTTP all the while: none of them shall wait long for an answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic

from tests.faults.callers import Caller, callers
from tests.faults.producer import MANY_ATTEMPTS, QUEUE
from tests.faults.scene import Scene

POSTERS, PACE_S = 6, 0.05


class Posts:
    """What is answered with 201 is on the record; what is answered with 503 is a job or none."""

    def __init__(self, scene: Scene, caller: Caller) -> None:
        self._scene, self._caller = scene, caller
        self._numbers = count()
        self._under_way: dict[int, float] = {}
        self.taken = 0

    async def go_on(self) -> None:
        """Until cancelled."""
        while True:
            await self._one(next(self._numbers))
            await asyncio.sleep(PACE_S)

    async def reach(self, count: int) -> bool:
        """Whether so many were taken."""
        return self.taken >= count

    async def are_well_since(self, moment: float, taken: int) -> bool:
        """Whether nobody waits who came before the moment, and more than that are taken."""
        return self.taken > taken and all(began > moment for began in self._under_way.values())

    async def _one(self, number: int) -> None:
        tag, record = f"post-{number}", self._scene.record
        job = {"queue": QUEUE, "kind": "stride", "payload": {"nap": 0}, "max_attempts": MANY_ATTEMPTS, "trace_id": tag}
        record.unsure.add(tag)
        self._under_way[number] = monotonic()
        answer = await self._caller.client.post("/v1/jobs", json=job)
        del self._under_way[number]
        assert answer.status_code in (201, 503), answer.text
        if answer.status_code == 201:
            self.taken += 1
            record.unsure.discard(tag)
            record.acked[int(answer.json()["ids"][0].partition(":")[2])] = tag


@asynccontextmanager
async def posting(scene: Scene) -> AsyncIterator[Posts]:
    """They are at work as long as the block; whatever one of them met is raised at its end."""
    assert scene.backend is not None
    async with callers(scene.engine, scene.backend, "ann") as (ann,):
        posts = Posts(scene, ann)
        tasks = [asyncio.create_task(posts.go_on()) for _ in range(POSTERS)]
        try:
            yield posts
        finally:
            for task in tasks:
                task.cancel()
            for found in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(found, Exception):
                    raise found
