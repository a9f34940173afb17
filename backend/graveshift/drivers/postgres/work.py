"""What producers and workers need of PostgreSQL; see `graveshift.work.Work`."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.drivers.postgres import claiming, ending, enqueueing, presence
from graveshift.drivers.postgres.connection import Held, refused
from graveshift.drivers.postgres.disk import Disk
from graveshift.drivers.postgres.doorbell import Bell, Ear
from graveshift.drivers.postgres.lanes import Lanes
from graveshift.errors import DatabaseUnavailable
from graveshift.store.engine import translated
from graveshift.wire.jobs import NewJob
from graveshift.wire.workers import Wish
from graveshift.work import Claimed, ClaimUnsure, Condition, Failure, Pulse, Ticket


class PostgresWork:
    """Claims, endings and enqueues have connections of their own, so that none waits for the other."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._claims = (Held(engine), Held(engine))
        self._disk = Disk(engine)
        self._endings = Held(engine)
        self._lanes = Lanes(engine)
        self._bell = Bell(engine)
        self._ear = Ear(engine)
        self._cards: dict[UUID, presence.Card] = {}

    async def close(self) -> None:
        """Give the held connections back."""
        await self._bell.close()
        await self._ear.close()
        await self._lanes.close()
        for held in self._claims:
            await held.close()
        await self._disk.close()
        await self._endings.close()

    async def enqueue(self, jobs: Sequence[NewJob]) -> Sequence[int]:
        """Raises Invalid for what PostgreSQL cannot hold; then nothing was enqueued."""
        if not jobs:
            return []
        ids = await self._enqueue(jobs)
        self._bell.ring()
        return ids

    async def _enqueue(self, jobs: Sequence[NewJob]) -> Sequence[int]:
        if all(job.unique_key is None for job in jobs):
            return await self._lanes.enqueue(jobs)
        async with translated():
            try:
                async with self._engine.begin() as connection:
                    return await enqueueing.enqueue(connection, jobs)
            except DBAPIError as error:
                raise refused(error) from error

    async def rung(self) -> None:
        await self._ear.rung()

    async def register(
        self,
        worker: UUID,
        host: str,
        pid: int,
        version: str,
        queues: Sequence[str],
        *,
        kinds: Sequence[str] | None = None,
    ) -> None:
        self._cards[worker] = presence.Card(host, pid, version, tuple(queues), kinds)
        await presence.register(self._engine, worker, self._cards[worker])

    async def deregister(self, worker: UUID) -> None:
        self._cards.pop(worker, None)
        await presence.deregister(self._engine, worker)

    async def claim(
        self,
        worker: UUID,
        queues: Sequence[str],
        kinds: Sequence[str],
        limit: int,
        lease_s: float,
        *,
        begin: int = 0,
        suspects: bool = True,
    ) -> Sequence[Claimed]:
        wish = claiming.Wish(worker, queues, kinds, limit, lease_s, begin, suspects)
        first, second = self._claims
        claimed = await claiming.claim(second if first.is_busy else first, wish)
        if claimed:
            try:
                await self._disk.has_all()
            except DatabaseUnavailable as error:
                raise ClaimUnsure([one.ticket for one in claimed], error.detail) from error
        return claimed

    async def begin(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        return await claiming.begin(self._claims[0], tickets) if tickets else []

    async def finish(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        return await ending.end(self._endings, tickets, worker, "done") if tickets else []

    async def fail(self, failures: Sequence[Failure]) -> Sequence[Ticket]:
        return await ending.fail(self._endings, failures) if failures else []

    async def cancelled(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        return await ending.end(self._endings, tickets, worker, "cancelled") if tickets else []

    async def beat(self, worker: UUID, tickets: Sequence[Ticket], lease_s: float, condition: Condition) -> Pulse:
        pulse, known = await presence.beat(self._engine, worker, tickets, lease_s, condition)
        if not known and worker in self._cards:
            await presence.register(self._engine, worker, self._cards[worker])
        return pulse

    async def heed(self, worker: UUID) -> Wish:
        return await presence.heed(self._engine, worker)

    async def release(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        return await claiming.release(self._endings, tickets) if tickets else []
