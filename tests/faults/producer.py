"""A producer that never gives up, and writes down which of its jobs were acknowledged."""

import asyncio
import json
import random
from collections.abc import Callable

from msgspec import Raw

from graveshift.errors import GraveshiftError
from graveshift.library import connect
from graveshift.producer import Producer
from graveshift.wire.jobs import NewJob
from tests.faults.record import Record

QUEUE = "faults"
ANSWER_S = 8.0
LARGEST_BATCH = 8
MANY_ATTEMPTS = 50
PAIRED = 0.1

# What the job of this number shall do.
Make = Callable[[int], dict[str, object]]


class Stream:
    """Sends until `jobs` are acknowledged, spread over about `spread_s`. An unsure batch is never sent again."""

    def __init__(
        self, url: str, record: Record, dice: random.Random, make: Make, *, jobs: int, spread_s: float
    ) -> None:
        self._url, self._record, self._dice = url, record, dice
        self._jobs, self._make = jobs, make
        self._pace_s = spread_s * (LARGEST_BATCH + 1) / 2 / jobs
        self._sent = 0

    async def run(self) -> None:
        async with connect(self._url) as producer:
            while len(self._record.acked) < self._jobs:
                answered = await (self._pair(producer) if self._dice.random() < PAIRED else self._batch(producer))
                await asyncio.sleep(self._pace_s if answered else self._dice.uniform(0.05, 0.3))

    async def _batch(self, producer: Producer) -> bool:
        size = min(self._dice.randint(1, LARGEST_BATCH), self._jobs - len(self._record.acked))
        jobs = [self._job(f"n-{self._sent + n}", self._sent + n) for n in range(size)]
        self._sent += size
        return await self._send(producer, jobs)

    async def _pair(self, producer: Producer) -> bool:
        """Twice the same unique key at once: at most one of them may live."""
        key, self._sent = f"key-{self._sent}", self._sent + 1
        twins = [self._job(f"{key}-{twin}", self._sent - 1, key) for twin in "ab"]
        answers = await asyncio.gather(*(self._send(producer, [twin]) for twin in twins))
        return all(answers)

    async def _send(self, producer: Producer, jobs: list[NewJob]) -> bool:
        tags = [job.trace_id or "" for job in jobs]
        try:
            ids = await asyncio.wait_for(producer.enqueue_many(jobs), ANSWER_S)
        except (GraveshiftError, TimeoutError):
            self._record.unsure.update(tags)
            return False
        self._record.acked.update(zip(ids, tags, strict=True))
        return True

    def _job(self, tag: str, number: int, key: str | None = None) -> NewJob:
        kind = self._dice.choice(("step", "stride"))
        payload = Raw(json.dumps(self._make(number)).encode())
        return NewJob(queue=QUEUE, kind=kind, payload=payload, max_attempts=MANY_ATTEMPTS, trace_id=tag, unique_key=key)


async def insistent(url: str, tag: str) -> int:
    """One job, sent until it is acknowledged: what a caller does who needs to know."""
    async with connect(url) as producer:
        while True:
            try:
                sent = producer.enqueue(QUEUE, "stride", {"nap": 0}, unique_key=tag, trace_id=tag)
                return await asyncio.wait_for(sent, ANSWER_S)
            except (GraveshiftError, TimeoutError):
                await asyncio.sleep(0.1)
