"""Procrastinate as a Source: its failed jobs are letters, indexed by us; it can requeue and recall, nothing more."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graveshift.back import AS_IT_WAS, Back
from graveshift.driver import Can, Fates, Move, Scan, Unit, Verdict
from graveshift.drivers.procrastinate import moving, reading
from graveshift.errors import Unsupported
from graveshift.store.engine import translated
from graveshift.store.position import letter_id, letter_position
from graveshift.touch import Order
from graveshift.wire import ids
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.queues import Limit, Queue
from graveshift.wire.workers import Wish, Worker

# Event ids are given out before their transactions commit, so each scan looks back this far.
OVERLAP = 2000

Act = Callable[[AsyncConnection, datetime, int], Awaitable[moving.Ending]]


class ProcrastinateSource:
    """See `graveshift.driver.Source`. `engine` is of the database that holds procrastinate's tables."""

    can = frozenset({Can.REQUEUE, Can.RECALL, Can.WORKERS})

    def __init__(self, engine: AsyncEngine, system: str) -> None:
        self.system = system
        self._engine = engine

    async def queues(self) -> Sequence[Queue]:
        """Counted from its table: procrastinate keeps no counters."""
        async with self._reading() as connection:
            return await reading.queues(connection, self.system, None)

    async def queue(self, native: str) -> Queue | None:
        """One queue, or None where it has no job."""
        async with self._reading() as connection:
            return next(iter(await reading.queues(connection, self.system, native)), None)

    async def workers(self) -> Sequence[Worker]:
        """What is known of them: a number and a heartbeat."""
        async with self._reading() as connection:
            return await reading.workers(connection, self.system)

    async def scan(self, mark: str | None, limit: int) -> Scan:
        """Failed jobs by their events; the mark is the last event read."""
        since = max(int(mark or 0) - OVERLAP, 0)
        async with self._reading() as connection:
            last = (await connection.execute(reading.LAST_EVENT)).scalar_one()
            rows = (await connection.execute(reading.SINCE, {"mark": since, "limit": limit + OVERLAP})).all()
            left = (await connection.execute(reading.LEFT, {"mark": since})).all()
        more = len(rows) >= limit
        return Scan(
            letters=[reading.letter(self.system, row) for row in rows],
            mark=str(max(row.event for row in rows) if more else last),
            more=more,
            vanished=[letter_id(row.died_at, row.id) for row in left if row.died_at is not None],
        )

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        """Those of these native ids that are letters still."""
        jobs = {native: position[1] for native in letters if (position := letter_position(native))}
        async with self._reading() as connection:
            alive = set((await connection.execute(reading.STANDING, {"jobs": list(jobs.values())})).scalars())
        return [native for native, job in jobs.items() if job in alive]

    async def fetch(self, native: str) -> LetterDetail | None:
        """One letter, straight from the tables."""
        position = letter_position(native)
        if position is None:
            return None
        async with self._reading() as connection:
            return await reading.detail(connection, self.system, *position)

    async def payloads(self, letters: Sequence[str]) -> Mapping[str, str]:
        """Its jobs come back as they were, so nobody has to read them."""
        raise Unsupported(f"{self.system} cannot {Can.ALTER}")

    async def move(
        self, unit: Unit, letters: Sequence[str], to: Move, run_id: int, *, back: Back = AS_IT_WAS
    ) -> Sequence[Verdict]:
        """Requeue, each letter in a transaction of its own; procrastinate has no way to discard a failed job."""
        if to is not Move.REQUEUE or back.alters:
            raise Unsupported(f"{self.system} cannot {Can.ALTER if back.alters else to}")

        intents = await self._intents(unit, letters, run_id)

        async def act(connection: AsyncConnection, died_at: datetime, job: int) -> moving.Ending:
            return await moving.retry(connection, died_at, job, intents.get(letter_id(died_at, job)))

        return [await self._one(native, act) for native in letters]

    async def recall(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        """Back to failed, where no worker has started them."""
        return [await self._one(native, moving.recall) for native in letters]

    async def restore(
        self, unit: Unit, letters: Sequence[str], run_id: int, of_run: int | None = None
    ) -> Sequence[Verdict]:
        """Nothing is discarded there, so there is no trash."""
        raise Unsupported(f"{self.system} cannot restore")

    async def erase(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        """As for restore."""
        raise Unsupported(f"{self.system} cannot erase")

    async def fates(self, run_id: int) -> Fates | None:
        """Procrastinate does not know our runs."""
        return None

    async def pause(self, unit: Unit, queue: str, until: datetime | None, reason: str | None, actor: str) -> None:
        """Procrastinate has no pause."""
        raise Unsupported(f"{self.system} cannot pause")

    async def resume(self, unit: Unit, queue: str) -> None:
        """Procrastinate has no pause."""
        raise Unsupported(f"{self.system} cannot resume")

    async def steer(self, unit: Unit, worker: str, wish: Wish, actor: str) -> Verdict:
        """Its workers hear signals only."""
        raise Unsupported(f"{self.system} cannot steer workers")

    async def cancel(self, unit: Unit, jobs: Sequence[str], run_id: int) -> Sequence[Verdict]:
        """Its jobs are not listed here, so none can be selected."""
        raise Unsupported(f"{self.system} cannot cancel")

    async def touch(self, unit: Unit, jobs: Sequence[str], order: Order) -> Sequence[Verdict]:
        """As for cancel."""
        raise Unsupported(f"{self.system} cannot {order.touch}")

    async def drain(self, unit: Unit, queue: str, reason: str | None, actor: str) -> None:
        """Its producers write to its tables and ask nobody."""
        raise Unsupported(f"{self.system} cannot drain")

    async def limit(self, unit: Unit, queue: str, limit: Limit) -> None:
        """It has no limits either."""
        raise Unsupported(f"{self.system} cannot limit")

    async def _intents(self, unit: Unit, letters: Sequence[str], run_id: int) -> dict[str, datetime]:
        public = {ids.encode(self.system, native): native for native in letters}
        rows = await unit.execute(moving.INTENTS, {"run": run_id, "ids": list(public)})
        return {public[row.id]: row.at for row in rows}

    async def _one(self, native: str, act: Act) -> Verdict:
        position = letter_position(native)
        if position is None:
            return Verdict(ids.encode(self.system, native), *moving.GONE)
        async with translated(), self._engine.begin() as connection:
            outcome, detail = await act(connection, *position)
        return Verdict(ids.encode(self.system, native), outcome, detail, ids.encode(self.system, str(position[1])))

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        async with translated(), self._engine.connect() as connection:
            yield connection
