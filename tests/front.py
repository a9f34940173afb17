"""A Desk, a runner and a real queue on a real database: the front of the house, without the house."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from msgspec import structs
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.desk import Desk
from graveshift.desk.steering import Wheel
from graveshift.drivers.postgres import PostgresQueue
from graveshift.operation import Actor, Operation
from graveshift.operations.cancel import Cancel
from graveshift.operations.claims import ClaimGroup, NoteGroup, ReleaseGroup
from graveshift.operations.discard import Discard
from graveshift.operations.drain import DrainQueue
from graveshift.operations.limit import LimitQueue
from graveshift.operations.pause import Pause
from graveshift.operations.purge import Purge
from graveshift.operations.requeue import Requeue
from graveshift.operations.restore import Empty, Restore
from graveshift.operations.resume import Resume
from graveshift.operations.reveal import Reveal
from graveshift.operations.touching import Bury, Hold, Release, Retry
from graveshift.operations.undo import Undo
from graveshift.runner import Runner
from graveshift.store.audit import AuditBook
from graveshift.store.carrying import CarryBook
from graveshift.store.plans import PlanBook
from graveshift.store.runs import RunBook
from graveshift.wire.audit import AuditEntry
from graveshift.wire.operations import Role
from graveshift.wire.plans import Plan, RunPlan
from graveshift.wire.runs import Item, Run, RunState
from graveshift.wire.selection import Filter
from tests.contract.bench import Bench, PostgresUnits
from tests.rooms import build_world
from tests.waiting import until

ANN = Actor("ann", Role.OPERATOR)
VIC = Actor("vic", Role.VIEWER)
VERBS: Sequence[type[Operation]] = (
    Requeue,
    Discard,
    Reveal,
    Restore,
    Empty,
    Cancel,
    Pause,
    Resume,
    Undo,
    Hold,
    Release,
    Bury,
    Retry,
    Purge,
    DrainQueue,
    LimitQueue,
    ClaimGroup,
    ReleaseGroup,
    NoteGroup,
)
ALL = {"selection": {"all": True}}
BATCH = 1000
BREAK = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
""")


class Front:
    """`bench` makes jobs and letters; `desk` takes orders; `running` carries them out."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine = engine
        self.queue = PostgresQueue(engine, "native")
        self.bench = Bench(self.queue, PostgresUnits(engine))
        self.audit = AuditBook(engine)
        self.plans = PlanBook(engine)
        self.runs = RunBook(engine)
        empty = build_world(engine, folder)
        self.world = structs.replace(
            empty,
            sources={"native": self.queue.source},
            letters={"native": self.queue.letters},
            jobs={"native": self.queue.jobs},
            trash={"native": self.queue.trash},
            trials={"native": self.queue.trials},
        )
        self.operations: dict[str, type[Operation]] = {verb.name: verb for verb in VERBS}

    @property
    def desk(self) -> Desk:
        """A Desk of the world as it is now."""
        return Desk(self.world, self.operations, self.plans, self.runs, self.audit, expires_s=900)

    @property
    def wheel(self) -> Wheel:
        """Steering, without a runner that hears of it at once."""
        return Wheel(self.runs, self.audit, lambda: None)

    async def break_connections(self) -> None:
        """End every connection to this database, as a restart of the server would."""
        with suppress(DBAPIError):
            async with self.engine.begin() as connection:
                await connection.execute(BREAK)

    async def letters(self, n: int, **fields: Any) -> list[str]:
        """Make `n` letters; returns the public ids of all there are, newest first."""
        for start in range(0, n, BATCH):
            size = min(BATCH, n - start)
            await self.bench.put(*["{}"] * size, **fields)
            await self.bench.kill(*await self.bench.take(size))
        return [letter.id for letter in (await self.queue.letters.page(Filter(), None, 1000)).items]

    async def order(self, operation: str, args: Mapping[str, Any], **body: Any) -> Run:
        """Plan and begin a run, as an operator who types what is asked."""
        plan = await self.desk.plan(operation, args, ANN)
        return await self.begin(plan, **body)

    async def begin(self, plan: Plan, *, key: str | None = None, reason: str | None = None) -> Run:
        return await self.desk.run(plan.id, ANN, key or uuid4().hex, RunPlan(plan.phrase, reason))

    def runner(self, *, lease_s: float = 15, owner: UUID | None = None, **how: Any) -> Runner:
        book = CarryBook(self.engine, owner or uuid4(), lease_s)
        return Runner(self.world, self.operations, self.audit, book, lease_s=lease_s, **how)

    @asynccontextmanager
    async def running(self, **how: Any) -> AsyncIterator[Runner]:
        """A runner at work, stopped in good order at the end."""
        runner, stop = self.runner(**how), asyncio.Event()
        task = asyncio.create_task(runner.run_forever(stop))
        try:
            yield runner
        finally:
            stop.set()
            runner.ring()
            await task

    async def seen(self, run: Run) -> Run:
        """The run as it is now."""
        found = await self.runs.one(int(run.id))
        assert found is not None
        return found

    async def ended(self, run: Run, within: float = 20) -> Run:
        """The run once it has ended."""
        await true(lambda: self._has_ended(run), within=within, what=f"run {run.id} ends")
        return await self.seen(run)

    async def becomes(self, run: Run, state: RunState) -> Run:
        """The run once it is in this state."""

        async def there() -> bool:
            return (await self.seen(run)).state is state

        await true(there, what=f"run {run.id} is {state}")
        return await self.seen(run)

    async def items(self, run: Run) -> list[Item]:
        """Every item of the run, newest first."""
        found: list[Item] = []
        cursor = None
        while True:
            page = await self.runs.items.page(int(run.id), cursor, 1000)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def record(self) -> list[AuditEntry]:
        """The audit, oldest first."""
        return list(reversed((await self.audit.page(None, 1000)).items))

    async def _has_ended(self, run: Run) -> bool:
        return not (await self.seen(run)).state.is_live


async def true(condition: Callable[[], Awaitable[bool]], *, within: float = 10, what: str = "") -> None:
    """Wait until an asynchronous condition holds."""
    predicate: Callable[[], bool | Awaitable[bool]] = condition
    await until(predicate, within=within, what=what)
