"""The workbench of the contract suite: a queue system behind its ports, and the short ways to bring it about."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from msgspec import Raw
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.back import Back
from graveshift.driver import Jobs, Letters, Move, Source, Trash, Unit, Verdict
from graveshift.store.engine import open_unit
from graveshift.trial import Trials
from graveshift.veil import Veil
from graveshift.wire.ids import decode
from graveshift.wire.jobs import NewJob
from graveshift.wire.queues import Limit
from graveshift.wire.selection import Filter
from graveshift.work import Claimed, Failure, Keeping, Ticket, Upkeep, Work

WORKER = UUID(int=1)
VEIL = Veil(b"k" * 32, "0123456789abcdef")
ALL = Filter()
REST = text("UPDATE graveshift.queues SET spent_until = spent_until - make_interval(secs => CAST(:s AS float8))")
HUSH = text("UPDATE graveshift.workers SET heartbeat_at = heartbeat_at - make_interval(secs => CAST(:s AS float8))")


class System(Protocol):
    """What every kind of queue offers."""

    @property
    def source(self) -> Source: ...
    @property
    def letters(self) -> Letters: ...
    @property
    def trash(self) -> Trash: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def work(self) -> Work: ...
    @property
    def upkeep(self) -> Upkeep: ...


class Units(Protocol):
    """Transactions that a driver may join; each is committed when it is left in order."""

    def open(self) -> AbstractAsyncContextManager[Unit]: ...

    async def hush(self, seconds: float) -> None:
        """Let every worker have been silent for that much longer."""

    async def rest(self, seconds: float) -> None:
        """Let every queue have handed out nothing for that much longer."""


class PostgresUnits:
    """The ledger's own transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Unit]:
        async with open_unit(self.engine) as unit:
            yield unit
            await unit.commit()

    async def hush(self, seconds: float) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(HUSH, {"s": seconds})

    async def rest(self, seconds: float) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(REST, {"s": seconds})


class MemoryUnits:
    """There is nothing to join: the memory driver ignores its unit, but goes by the clock that is here."""

    def __init__(self) -> None:
        self.later = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later

    async def hush(self, seconds: float) -> None:
        self.later += timedelta(seconds=seconds)

    rest = hush

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Unit]:
        yield self

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        raise AssertionError("a memory driver runs no statements")

    async def prepare(self, statement: Any) -> None:
        await self.execute(statement)


class Bench:
    """One system under test."""

    def __init__(self, system: System, units: Units) -> None:
        self.units = units
        self.source, self.letters, self.jobs = system.source, system.letters, system.jobs
        self.trash, self.trials = system.trash, system.trials
        self.work, self.upkeep = system.work, system.upkeep

    async def put(self, *payloads: str, **fields: Any) -> list[int]:
        """Enqueue a job for each payload, in queue `mail` and of kind `send` unless told."""
        named = {"queue": "mail", "kind": "send", **fields}
        return list(await self.work.enqueue([NewJob(payload=Raw(p.encode()), **named) for p in payloads or ("{}",)]))

    async def take(self, limit: int = 10, **wish: Any) -> Sequence[Claimed]:
        """Claim as one worker, any queue, kinds `send` and `other`."""
        named = {"worker": WORKER, "queues": [], "kinds": ["send", "other"], "lease_s": 60.0, "begin": 0, **wish}
        return await self.work.claim(limit=limit, **named)

    async def kill(self, *claimed: Claimed, **fields: Any) -> None:
        """Let these die."""
        assert not await self.work.fail([failure(job.ticket, retry_in_s=None, **fields) for job in claimed])

    async def dead(self, n: int = 1, **fields: Any) -> list[str]:
        """Native ids of `n` fresh letters, oldest first; error fields go to the failure, others to the job."""
        blames = ("error_type", "error_message", "fingerprint", "traceback", "worker_version")
        blame = {name: fields.pop(name) for name in blames if name in fields}
        before = {letter.id for letter in (await self.letters.page(ALL, None, 1000)).items}
        await self.put(*["{}"] * n, **fields)
        await self.kill(*await self.take(n), **blame)
        after = (await self.letters.page(ALL, None, 1000)).items
        return [native(letter.id) for letter in reversed(after) if letter.id not in before]

    async def move(
        self, letters: Sequence[str], to: Move = Move.REQUEUE, run: int = 7, **back: Any
    ) -> Sequence[Verdict]:
        async with self.units.open() as unit:
            return await self.source.move(unit, letters, to, run, back=Back(**back))

    async def recall(self, letters: Sequence[str], run: int = 7) -> Sequence[Verdict]:
        async with self.units.open() as unit:
            return await self.source.recall(unit, letters, run)

    async def restore(self, letters: Sequence[str], run: int = 8, of_run: int | None = None) -> Sequence[Verdict]:
        async with self.units.open() as unit:
            return await self.source.restore(unit, letters, run, of_run)

    async def erase(self, letters: Sequence[str], run: int = 8) -> Sequence[Verdict]:
        async with self.units.open() as unit:
            return await self.source.erase(unit, letters, run)

    async def lift(self, *jobs: str, run: int = 7, ahead: bool = True) -> None:
        async with self.units.open() as unit:
            await self.trials.lift(unit, jobs, run, ahead=ahead)

    async def fates(self, *jobs: str, run: int = 7) -> list[str]:
        return [trial.fate.value for trial in await self.trials.trials(jobs, run)]

    async def prune(self, days: int = 14, **keep: int) -> int:
        """As a leader does; everything is kept so many days but what is named."""
        named = {"done_days": days, "dead_days": days, "trash_days": days, **keep}
        return await self.upkeep.prune(Keeping(**named), _leads)

    async def cancel(self, *jobs: str, run: int = 9) -> Sequence[Verdict]:
        async with self.units.open() as unit:
            return await self.source.cancel(unit, jobs, run)

    async def pause(self, queue: str, until: Any = None, reason: str | None = None) -> None:
        async with self.units.open() as unit:
            await self.source.pause(unit, queue, until, reason, "ann")

    async def resume(self, queue: str) -> None:
        async with self.units.open() as unit:
            await self.source.resume(unit, queue)

    async def limit(self, queue: str = "mail", **limit: Any) -> None:
        async with self.units.open() as unit:
            await self.source.limit(unit, queue, Limit(**limit, by="ann", reason="bank"))

    async def depth(self, queue: str = "mail") -> dict[str, int]:
        """States and events of a queue that are not zero."""
        counters = await self.upkeep.counters()
        return {what: n for (name, what), n in counters.depth.items() if name == queue and n}


async def _leads(unit: Unit) -> None:
    """Nobody else does."""


def failure(ticket: Ticket, **fields: Any) -> Failure:
    """A failed attempt; it is tried again at once unless told."""
    named = {
        "error_type": "ValueError",
        "error_message": "no such address: 17",
        "traceback": "Traceback ...",
        "fingerprint": "f1",
        "retry_in_s": 0.0,
        "worker": "host:1",
        "worker_version": "1.0",
        **fields,
    }
    return Failure(ticket=ticket, **named)


def native(public: str) -> str:
    """The native half of a public id."""
    decoded = decode(public)
    assert decoded is not None
    return decoded[1]


def stranger(ticket: Ticket) -> Ticket:
    """The same claim in another worker's hands."""
    return Ticket(ticket.id, ticket.attempt, uuid4())
