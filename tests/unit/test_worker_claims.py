"""How a worker asks for jobs: ahead while batches come back full, within its room, and never asleep at work."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from msgspec import Raw, structs

from graveshift.drivers.memory import MemoryQueue
from graveshift.settings import WorkerSettings
from graveshift.wire.jobs import NewJob
from graveshift.work import Claimed, Ticket
from graveshift.worker import Job, Worker, claims
from tests.waiting import until


class Slow:
    """The memory queue, whose claims and ends wait until they may go on."""

    def __init__(self) -> None:
        self.queue = MemoryQueue()
        self.claims, self.may_finish = asyncio.Semaphore(0), asyncio.Event()
        self.asking = self.claimed = self.released = self.finished = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.queue.work, name)

    async def claim(self, worker: UUID, *arguments: Any, **named: Any) -> Sequence[Claimed]:
        self.asking += 1
        await self.claims.acquire()
        found = await self.queue.work.claim(worker, *arguments, **named)
        self.asking -= 1
        self.claimed += len(found)
        return found

    async def finish(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        await self.may_finish.wait()
        stale = await self.queue.work.finish(tickets, worker)
        self.finished += len(tickets)
        return stale

    async def release(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        self.released += len(tickets)
        return await self.queue.work.release(tickets)

    def answer(self, claims: int = 1000) -> None:
        for _ in range(claims):
            self.claims.release()

    async def put(self, n: int) -> None:
        await self.queue.work.enqueue([NewJob(queue="q", kind="k", payload=Raw(b"{}")) for _ in range(n)])


class Suspecting(Slow):
    """Hands out a full batch first, and to each of the two claims that follow it a job that may kill."""

    async def claim(self, worker: UUID, *arguments: Any, **named: Any) -> Sequence[Claimed]:
        found = await super().claim(worker, *arguments, **named)
        if self.claimed > 5 and self.released == 0:
            found, rest = [structs.replace(one, alone=True) for one in found[:1]], found[1:]
            await self.queue.work.release([one.ticket for one in rest])
        return found


class Wary(Slow):
    """Notes which claims may bring suspects."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bool] = []

    async def claim(self, worker: UUID, *arguments: Any, **named: Any) -> Sequence[Claimed]:
        self.told.append(named["suspects"])
        return await super().claim(worker, *arguments, **named)

    async def suspect(self, n: int, priority: int = 0) -> None:
        """Put in so many jobs, whose worker crashes."""
        work, jobs = self.queue.work, [NewJob(queue="q", kind="k", priority=priority)] * n
        await work.enqueue(jobs)
        assert len(await work.claim(UUID(int=9), [], ["k"], n, 0.0, begin=n)) == n
        assert await self.queue.upkeep.sweep(3) == n

    async def worked(self, n: int) -> list[int]:
        """The order in which a worker runs so many jobs; a suspect takes 0.6 s."""
        order: list[int] = []

        async def noted(job: Job) -> None:
            order.append(job.id)
            await asyncio.sleep(0.6 if job.attempt > 1 else 0)

        self.may_finish.set()
        one = Worker(self, {"k": noted}, settings=WorkerSettings(concurrency=40, batch=4), version="1")
        running = asyncio.create_task(one.run())
        await until(lambda: self.finished == n)
        one.stop()
        assert await running == 0
        return order


async def nothing(job: Job) -> None:
    return None


def worker(slow: Slow, **settings: Any) -> Worker:
    return Worker(slow, {"k": nothing}, settings=WorkerSettings(**settings), version="1")


@pytest.fixture
def two_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "AHEAD", 2)


async def test_a_worker_whose_ends_were_held_up_claims_again_as_soon_as_they_are_sent() -> None:
    slow = Slow()
    slow.answer()
    await slow.put(30)
    one = worker(slow, concurrency=2, batch=2)
    running = asyncio.create_task(one.run())
    await until(lambda: slow.claimed >= 20)
    went_to_sleep = asyncio.get_running_loop().call_later(0.9, lambda: None)
    slow.may_finish.set()
    await until(lambda: slow.finished == 30)
    assert asyncio.get_running_loop().time() < went_to_sleep.when()
    one.stop()
    assert await running == 0


async def test_while_batches_come_back_full_the_next_are_asked_for_within_the_room_there_is() -> None:
    slow = Slow()
    slow.may_finish.set()
    await slow.put(100)
    stay = asyncio.Event()

    async def busy(job: Job) -> None:
        await stay.wait()

    one = Worker(slow, {"k": busy}, settings=WorkerSettings(concurrency=5, batch=2), version="1")
    running = asyncio.create_task(one.run())
    await until(lambda: slow.asking == 1)
    slow.answer()
    await until(lambda: slow.claimed == 5)
    stay.set()
    await until(lambda: slow.finished == 100)
    one.stop()
    assert await running == 0


@pytest.mark.usefixtures("two_ahead")
async def test_what_was_asked_for_ahead_and_comes_after_the_stop_is_given_back() -> None:
    slow = Slow()
    slow.may_finish.set()
    await slow.put(100)
    one = worker(slow, concurrency=40, batch=5)
    running = asyncio.create_task(one.run())
    slow.answer(1)
    await until(lambda: slow.asking == 2)
    one.stop()
    slow.answer()
    assert await running == 0
    assert (slow.claimed, slow.finished, slow.released) == (15, 5, 10)


async def test_of_two_suspects_that_come_at_once_one_waits_and_the_other_goes_back() -> None:
    slow = Suspecting()
    slow.may_finish.set()
    await slow.put(15)
    one = worker(slow, concurrency=40, batch=5)
    running = asyncio.create_task(one.run())
    slow.answer(3)
    await until(lambda: slow.released == 1)
    slow.answer()
    await until(lambda: slow.finished == 15)
    one.stop()
    assert await running == 0


async def test_after_a_suspect_none_is_asked_for_until_as_much_time_has_passed_or_nothing_else_is_there() -> None:
    slow = Wary()
    slow.answer()
    await slow.suspect(2)
    await slow.put(28)
    order = await slow.worked(30)
    assert (order[0], order[-1]) == (1, 2)
    assert slow.told[0]
    assert not any(slow.told[slow.told.index(False) :][:7])


@pytest.mark.usefixtures("two_ahead")
async def test_a_suspect_that_was_asked_for_before_another_came_waits_for_the_others_too() -> None:
    slow = Wary()
    slow.answer(1)
    await slow.put(28)
    working = asyncio.create_task(slow.worked(30))
    await until(lambda: slow.asking == 2 and slow.claimed == 4)
    await slow.suspect(2, priority=1)
    slow.answer()
    order = await working
    assert order.index(30) == 29
    assert order.index(29) == 4
    assert slow.told[:3] == [True] * 3


async def test_a_doorbell_that_breaks_takes_no_worker_with_it() -> None:
    class Broken(Slow):
        tries = 0

        async def rung(self) -> None:
            self.tries += 1
            raise RuntimeError("the wire is cut")

    slow = Broken()
    slow.answer()
    slow.may_finish.set()
    one = worker(slow, concurrency=4, batch=2)
    running = asyncio.create_task(one.run())
    await until(lambda: slow.tries > 0)
    await slow.put(5)
    await until(lambda: slow.finished == 5)
    one.stop()
    assert await running == 0
