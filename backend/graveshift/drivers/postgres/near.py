"""What is shown of the queue, read from a replica while that serves and from the primary otherwise."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from msgspec import structs

from graveshift.drivers.postgres import PostgresQueue
from graveshift.drivers.postgres.jobs import PostgresJobs
from graveshift.drivers.postgres.letters import PostgresLetters
from graveshift.drivers.postgres.source import PostgresSource
from graveshift.drivers.postgres.upkeep import PostgresUpkeep
from graveshift.history import Samples, Wanted
from graveshift.seen import Explained, Pace
from graveshift.store.engine import Engine, shut
from graveshift.store.replica import Replica
from graveshift.store.samples import SampleBook
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.groups import Group, Requeued
from graveshift.wire.jobs import Job, JobDetail
from graveshift.wire.page import Page, Sort
from graveshift.wire.queues import Queue
from graveshift.wire.selection import Filter
from graveshift.wire.series import Series
from graveshift.wire.workers import Worker
from graveshift.work import Counters

P = TypeVar("P")
T = TypeVar("T")


class NearQueue:
    """The ports of `graveshift.driver` that only show; never for plans, which act on what they have seen."""

    def __init__(self, engine: Engine, primary: PostgresQueue, replica: Replica) -> None:
        near = PostgresQueue(engine, primary.system, primary.veil, normal=primary.letters.normal)
        self._engine = engine
        self._near = near
        self.replica = replica
        self.source = NearSource(Nearest(near.source, primary.source, replica))
        self.letters = NearLetters(Nearest(near.letters, primary.letters, replica))
        self.jobs = NearJobs(Nearest(near.jobs, primary.jobs, replica))
        self.upkeep = NearUpkeep(Nearest(near.upkeep, primary.upkeep, replica))

    def samples(self, primary: Samples, every_s: float) -> "NearSamples":
        """Our own history, from the same place."""
        return NearSamples(Nearest(Samples(SampleBook(self._engine), every_s), primary, self.replica))

    async def close(self) -> None:
        """Give the replica's connections back; the primary's are its queue's."""
        await self._near.close()
        await shut(self._engine)


class Nearest(Generic[P]):
    """A port of both databases. A page of the replica tells how old it is."""

    def __init__(self, near: P, primary: P, replica: Replica) -> None:
        self._near = near
        self._primary = primary
        self._replica = replica

    async def __call__(self, ask: Callable[[P], Awaitable[T]]) -> T:
        return await self._replica.first(lambda: ask(self._near), lambda: ask(self._primary))

    async def page(self, ask: Callable[[P], Awaitable[Page[T]]]) -> Page[T]:
        async def near() -> Page[T]:
            page = await ask(self._near)
            return structs.replace(page, as_of=self._replica.at_least(page.as_of))

        return await self._replica.first(near, lambda: ask(self._primary))


class NearSource:
    """See `graveshift.driver.ShownSource`."""

    def __init__(self, nearest: Nearest[PostgresSource]) -> None:
        self._nearest = nearest

    async def queues(self) -> Sequence[Queue]:
        return await self._nearest(lambda source: source.queues())

    async def queue(self, native: str) -> Queue | None:
        return await self._nearest(lambda source: source.queue(native))

    async def workers(self) -> Sequence[Worker]:
        return await self._nearest(lambda source: source.workers())


class NearLetters:
    """See `graveshift.driver.ShownLetters`."""

    def __init__(self, nearest: Nearest[PostgresLetters]) -> None:
        self._nearest = nearest

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Letter]:
        return await self._nearest.page(lambda letters: letters.page(chosen, cursor, limit, sort))

    async def one(self, native: str) -> LetterDetail | None:
        return await self._nearest(lambda letters: letters.one(native))

    async def groups(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
        return await self._nearest.page(lambda letters: letters.groups(chosen, cursor, limit))

    async def group(self, native: str) -> Group | None:
        return await self._nearest(lambda letters: letters.group(native))

    async def explain(self, native: str) -> Explained | None:
        return await self._nearest(lambda letters: letters.explain(native))

    async def requeues(self, native: str, limit: int) -> Sequence[Requeued]:
        return await self._nearest(lambda letters: letters.requeues(native, limit))

    async def failing(self) -> Pace:
        return await self._nearest(lambda letters: letters.failing())

    async def carried(self, chosen: Filter, limit: int) -> Sequence[bytes]:
        return await self._nearest(lambda letters: letters.carried(chosen, limit))


class NearJobs:
    """See `graveshift.driver.ShownJobs`."""

    def __init__(self, nearest: Nearest[PostgresJobs]) -> None:
        self._nearest = nearest

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Job]:
        return await self._nearest.page(lambda jobs: jobs.page(chosen, cursor, limit, sort))

    async def one(self, native: str) -> JobDetail | None:
        return await self._nearest(lambda jobs: jobs.one(native))


class NearUpkeep:
    """See `graveshift.work.Counted`."""

    def __init__(self, nearest: Nearest[PostgresUpkeep]) -> None:
        self._nearest = nearest

    async def counters(self) -> Counters:
        return await self._nearest(lambda upkeep: upkeep.counters())


class NearSamples:
    """See `graveshift.history.Source`."""

    def __init__(self, nearest: Nearest[Samples]) -> None:
        self._nearest = nearest

    async def draw(self, wanted: Wanted) -> Series:
        """From our own samples."""
        return await self._nearest(lambda samples: samples.draw(wanted))

    def close(self) -> None:
        """The connections are the engines'."""
