"""Enqueues on their way in: those that meet while a statement is under way share the next one, and its commit."""

import asyncio
from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from graveshift.drivers.postgres.connection import Held
from graveshift.drivers.postgres.enqueueing import enqueue_keyless
from graveshift.errors import Invalid, QueueDraining
from graveshift.store.engine import Engine
from graveshift.wire.jobs import NewJob

# Two, so that a large enqueue holds up no small one; a shared statement takes as many jobs at most.
LANES, TOGETHER = 2, 1000


class Sent(Struct, frozen=True, eq=False):
    """One call's jobs, and where their ids go."""

    jobs: Sequence[NewJob]
    ids: "asyncio.Future[list[int]]"


class Lanes:
    """For jobs without unique keys: one statement each is all or nothing by itself, in autocommit.

    A statement that nobody waits for any more is given up with its connection, which may lead nowhere.
    """

    def __init__(self, engine: Engine) -> None:
        self._lanes = [Held(engine, heals=True) for _ in range(LANES)]
        self._free = list(self._lanes)
        self._waiting: list[Sent] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def enqueue(self, jobs: Sequence[NewJob]) -> list[int]:
        """Ids in order. Raises Invalid or QueueDraining for these jobs alone, whoever shared the statement."""
        sent = Sent(jobs, asyncio.get_running_loop().create_future())
        self._waiting.append(sent)
        self._send()
        return await sent.ids

    async def close(self) -> None:
        """Give the connections back; what somebody waits for is waited for."""
        await asyncio.gather(*self._sending, return_exceptions=True)
        for lane in self._lanes:
            await lane.close()

    def _send(self) -> None:
        self._waiting = [sent for sent in self._waiting if not sent.ids.done()]
        while self._waiting and self._free:
            lane, some = self._free.pop(0), self._next()
            task = asyncio.create_task(_put(lane, some))
            self._sending.add(task)
            task.add_done_callback(partial(self._sent, lane))
            for sent in some:
                sent.ids.add_done_callback(partial(_forsaken, task, some))

    def _sent(self, lane: Held, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        self._free.insert(0, lane)
        self._send()

    def _next(self) -> list[Sent]:
        """The first that waits, and what fits beside it."""
        room, some = TOGETHER, 0
        for sent in self._waiting:
            room -= len(sent.jobs)
            if some and room < 0:
                break
            some += 1
        taken, self._waiting = self._waiting[:some], self._waiting[some:]
        return taken


def _forsaken(task: "asyncio.Task[None]", some: Sequence[Sent], _: object) -> None:
    if all(sent.ids.cancelled() for sent in some):
        task.cancel()


async def _put(lane: Held, some: Sequence[Sent]) -> None:
    """What the database refuses of many is put one by one, so that it is refused to its sender only."""
    try:
        ids = await enqueue_keyless(lane, [job for sent in some for job in sent.jobs])
    except (Invalid, QueueDraining) as error:
        if len(some) > 1:
            for sent in some:
                await _put(lane, [sent])
        else:
            _tell(some, error)
    except BaseException as error:
        _tell(some, error)
    else:
        for sent in some:
            if not sent.ids.done():
                sent.ids.set_result(ids[: len(sent.jobs)])
            ids = ids[len(sent.jobs) :]


def _tell(some: Sequence[Sent], error: BaseException) -> None:
    for sent in some:
        if not sent.ids.done():
            sent.ids.set_exception(error)
