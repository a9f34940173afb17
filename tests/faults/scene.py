"""One drama: a backend, workers and a producer at work, something breaks, is put right, and the losses are counted."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any

from msgspec import Struct
from sqlalchemy import text

from graveshift.store.engine import create_engine
from tests.faults.backend import Backend, backend
from tests.faults.crew import Crew
from tests.faults.invariants import Verdict, judge, twice_live
from tests.faults.pace import Pace
from tests.faults.place import Place
from tests.faults.producer import QUEUE, Make, Stream, insistent
from tests.faults.record import Record, Traces
from tests.front import true

LOOK_S = 0.1
SLACK_S = 10.0
ENDED = text("SELECT id FROM graveshift.done WHERE id = ANY(:ids)")
STUCK = text("SELECT id, attempt FROM graveshift.jobs WHERE state = 'running'")
FLEET = text("SELECT id FROM graveshift.workers")
# A claim whose worker is gone for good: only a sweep by a backend that is well brings it back.
ORPHAN = text("""
    INSERT INTO graveshift.jobs (queue, kind, state, attempt, max_attempts, begun, started_at, lease_owner, lease_until)
    VALUES ('faults', 'stride', 'running', 1, 50, true, now(), gen_random_uuid(), now()) RETURNING id
""")
WEIGHT = text("""INSERT INTO graveshift.payloads (id, payload) VALUES (:id, '{"nap": 0}')""")
DONE = text("SELECT count(*) FROM graveshift.done")


class Stage(Struct, frozen=True, kw_only=True):
    """What a fault gets: a fresh migrated database on a server it may break, a folder, dice, and how much to do.

    `patience` stretches what we wait for on machines that have other work.
    """

    place: Place
    url: str
    folder: Path
    seed: int
    jobs: int = 1000
    lease_s: float = 3.0
    sweep_s: float = 1.0
    patience: float = 1.0
    short: bool = False

    @property
    def dice(self) -> random.Random:
        return random.Random(self.seed)

    @property
    def bound_s(self) -> float:
        """How soon all must be well again."""
        return self.lease_s + self.sweep_s + SLACK_S

    @property
    def regained(self) -> float:
        """How much of the rate must be back by then; in the short form that half of the workers are is not enough."""
        return 0.75 if self.short else 0.95


class Forbidden(Exception):
    """this machine does not permit that fault"""


class Scene:
    """`url` is where everybody thinks the database is; we look at it directly."""

    def __init__(
        self, stage: Stage, *, url: str | None = None, make: Make | None = None, replaces: bool = False, **how: Any
    ) -> None:
        self.stage, self.dice, self.record = stage, stage.dice, Record()
        self.engine = create_engine(stage.url)
        self._url = url or stage.url
        self._make = make or (lambda number: {"nap": self.dice.uniform(0, 0.04)})
        environment: Mapping[str, str] = how.get("environment", {})
        self.crew = Crew({**self._settings(), **environment}, stage.folder, replaces=replaces)
        self._serve_environment: Mapping[str, str] = how.get("serve_environment", {})
        self._workers: int = how.get("workers", 2)
        self._stack = AsyncExitStack()
        burst = 64 if stage.short else 128
        self._pace = Pace(self.engine, self.record, QUEUE, stage.dice, jobs=burst, patience=stage.patience)
        self._rate = 0.0
        # When all was put right, where `inject` looks at something after it.
        self.healed: float | None = None
        self.backend: Backend | None = None

    def _settings(self) -> dict[str, str]:
        stage = self.stage
        return {
            "GRAVESHIFT_DATABASE_URL": self._url,
            "GRAVESHIFT_QUEUE_LEASE_S": str(stage.lease_s),
            "GRAVESHIFT_LOOPS_SWEEP_S": str(stage.sweep_s),
            "GRAVESHIFT_WORKER_CONCURRENCY": "4",
            "GRAVESHIFT_WORKER_BATCH": "4",
            "GRAVESHIFT_WORKER_GRACE_S": "2",
            "GRAVESHIFT_WORKER_BACKOFF_S": "0.1",
            "GRAVESHIFT_WORKER_BACKOFF_MAX_S": "0.5",
        }

    async def __aenter__(self) -> "Scene":
        try:
            await self._begin()
        except BaseException:  # whoever has come is sent home again
            await self._stack.aclose()
            raise
        return self

    async def _begin(self) -> None:
        stage = self.stage
        extra = {"GRAVESHIFT_LOOPS_SWEEP_S": str(stage.sweep_s), **self._serve_environment}
        self.backend = await self._stack.enter_async_context(backend(self._url, stage.folder, extra=extra))
        self._stack.push_async_callback(self.engine.dispose)
        self._stack.push_async_callback(self.crew.end)
        await self.crew.hire(self._workers)
        await true(self._all_there, within=60 * stage.patience, what="the workers are there")
        self._rate = await self._pace.rate()
        spread_s = 2.0 if stage.short else 6.0
        stream = Stream(self._url, self.record, self.dice, self._make, jobs=stage.jobs, spread_s=spread_s)
        self.stream = asyncio.create_task(stream.run())
        self._stack.push_async_callback(self._hush)

    async def _all_there(self) -> bool:
        assert not self.crew.gone, self.crew.gone[0].last_words
        return len(await self.rows(FLEET)) >= self._workers

    async def _hush(self) -> None:
        self.stream.cancel()
        await asyncio.gather(self.stream, return_exceptions=True)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def rows(self, statement: Any, **named: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(statement, named)).fetchall())

    def traces(self) -> Traces:
        return Traces.read(self.stage.folder)

    async def until(self, what: str, there: Callable[[], Awaitable[bool]], within: float = 60.0) -> None:
        """Wait; a stream or a backend that broke meanwhile is the better message."""

        async def seen() -> bool:
            if self.stream.done():
                self.stream.result()
            return await there()

        await true(seen, within=within * self.stage.patience, what=what)

    async def reaches(self, share: float) -> None:
        """Wait until this share of the jobs is done."""

        async def there() -> bool:
            return int((await self.rows(DONE))[0][0]) >= share * self.stage.jobs

        await self.until(f"{share:.0%} of the jobs are done", there)

    async def recovers(self, healed: float) -> float:
        """Seconds from then until a new job and an orphan are done, and no claim of the bad time is left."""
        left_s = self.stage.bound_s - (monotonic() - healed) / self.stage.patience
        orphan = await self._orphan()
        stuck = {tuple(row) for row in await self.rows(STUCK)}
        probe = await insistent(self._url, f"probe-{healed}")

        async def well() -> bool:
            left = stuck & {tuple(row) for row in await self.rows(STUCK)}
            found = await self.rows(ENDED, ids=[probe, orphan])
            return len(found) == 2 and not left

        await self.until("it recovers", well, within=left_s)
        return monotonic() - healed

    async def regains(self, deadline: float) -> float:
        """The share of the rate before that the workers come back to, in bursts that begin before the deadline."""
        return await self._pace.regained(self._rate, self.stage.regained, deadline)

    async def _orphan(self) -> int:
        async with self.engine.begin() as connection:
            id = int((await connection.execute(ORPHAN)).scalar_one())
            await connection.execute(WEIGHT, {"id": id})
        self.record.acked[id] = "orphan"
        return id

    async def drains(self, within: float = 60.0) -> None:
        """Wait for the producer, and until no job is live; unique keys are looked at meanwhile."""

        async def empty() -> bool:
            assert await twice_live(self.engine) == 0, "two live jobs hold one unique key"
            return self.stream.done() and not await self.rows(text("SELECT 1 FROM graveshift.jobs LIMIT 1"))

        await self.until("the queue is drained", empty, within)

    async def judged(self) -> Verdict:
        if not self.crew.replaces:
            assert not self.crew.gone, f"a worker ended: {self.crew.gone[0].last_words}"
        assert self.backend is not None
        assert self.backend.is_alive, f"the backend ended: {self.backend.said}"
        return await judge(self.engine, self.record, self.traces(), self.crew.owner())


Inject = Callable[[Scene], Awaitable[None]]


async def play(scene: Scene, inject: Inject, after: Inject | None = None) -> str:
    """The whole drama; `inject` breaks something and puts it right, `after` judges it too. Returns what to print."""
    async with scene:
        await scene.reaches(0.1)
        await inject(scene)
        healed = scene.healed or monotonic()
        took_s = await scene.recovers(healed)
        share = await scene.regains(healed + scene.stage.bound_s * scene.stage.patience)
        await scene.drains()
        verdict = await scene.judged()
        if after:
            await after(scene)
    return f"well again after {took_s:.1f} s, {share:.0%} of the rate; {verdict}"


__all__ = ["QUEUE", "Forbidden", "Inject", "Scene", "Stage", "play"]
