"""Many at once on one database: nothing is lost, nothing is done twice."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Move, Verdict
from graveshift.drivers.postgres import PostgresQueue
from graveshift.store.engine import create_engine, open_unit
from graveshift.wire.jobs import NewJob
from graveshift.wire.runs import Outcome
from graveshift.wire.selection import Filter
from graveshift.work import Claimed, Condition
from tests.contract.bench import failure, native

LETTERS = 2_000
HELD_KEYS = 200
RUNNERS = 4


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def queue(engine: AsyncEngine) -> AsyncIterator[PostgresQueue]:
    queue = PostgresQueue(engine, "here")
    yield queue
    await queue.close()


async def count(engine: AsyncEngine, statement: str) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text(statement)) or 0)


async def dead_letters(queue: PostgresQueue) -> list[str]:
    """2,000 letters with keys, two letters to a key here and there; a live job holds 200 of the keys."""
    for pair in range(2):
        keys = [f"k{n}" for n in range(LETTERS // 2) if pair == 0 or n % 10 == 0]
        keys += [f"only{pair}-{n}" for n in range(LETTERS // 2 - len(keys))]
        await queue.work.enqueue([NewJob(queue="mail", kind="send", unique_key=key) for key in keys])
        claimed = await queue.work.claim(UUID(int=1), [], ["send"], LETTERS, 60.0)
        await queue.work.fail([failure(job.ticket, retry_in_s=None) for job in claimed])
    await queue.work.enqueue([NewJob(queue="mail", kind="send", unique_key=f"k{n}") for n in range(HELD_KEYS)])
    frozen = await queue.letters.freeze()
    ids = list(await queue.letters.pick(Filter(), frozen, None, LETTERS + 1))
    assert len(ids) == LETTERS
    return ids


async def requeue(engine: AsyncEngine, queue: PostgresQueue, ids: Sequence[str], run: int) -> list[Verdict]:
    """One runner: most of the letters in its own order, in chunks of its own size."""
    chance = random.Random(run)
    chosen = chance.sample(ids, len(ids) * 9 // 10)
    verdicts: list[Verdict] = []
    while chosen:
        chunk, chosen = chosen[: (size := chance.randint(20, 300))], chosen[size:]
        async with open_unit(engine) as unit:
            verdicts += await queue.source.move(unit, chunk, Move.REQUEUE, run)
            await unit.commit()
    return verdicts


async def test_overlapping_requeues_lose_and_double_nothing(engine: AsyncEngine, queue: PostgresQueue) -> None:
    ids = await dead_letters(queue)
    every = await asyncio.gather(*(requeue(engine, queue, ids, run) for run in range(1, RUNNERS + 1)))
    moved = [verdict.id for verdicts in every for verdict in verdicts if verdict.outcome == "moved"]
    assert len(moved) == len(set(moved))
    left = await queue.letters.pick(Filter(), await queue.letters.freeze(), None, LETTERS)
    assert {native(id) for id in moved} | set(left) == set(ids)
    assert len(moved) + len(left) == LETTERS
    assert await count(engine, "SELECT count(*) FROM graveshift.jobs") == len(moved) + HELD_KEYS
    assert await count(engine, "SELECT count(*) FROM graveshift.settled") == len(moved)
    assert await count(engine, "SELECT count(*) FROM graveshift.jobs JOIN graveshift.dead USING (id)") == 0
    conflicts = {verdict.id for verdicts in every for verdict in verdicts if verdict.outcome == "conflict"}
    assert len(conflicts) >= HELD_KEYS
    assert not {native(id) for id in conflicts} - set(left)
    by_run = Counter(verdict.outcome for verdicts in every for verdict in verdicts)
    assert by_run[Outcome.GONE] > 0
    await depth_is_right(engine, queue)


async def test_requeue_discard_and_recall_at_once_leave_each_letter_in_one_place(
    engine: AsyncEngine, queue: PostgresQueue
) -> None:
    ids = (await dead_letters(queue))[-400:]

    async def act(run: int) -> None:
        chance = random.Random(run)
        for _ in range(25):
            chunk = chance.sample(ids, 40)
            async with open_unit(engine) as unit:
                if run % 3 == 0:
                    await queue.source.recall(unit, chunk, chance.choice((1, 2, 4, 5)))
                else:
                    to = Move.DISCARD if run % 3 == 1 and chance.random() < 0.2 else Move.REQUEUE
                    await queue.source.move(unit, chunk, to, run)
                if chance.random() < 0.8:
                    await unit.commit()

    await asyncio.gather(*(act(run) for run in range(1, 7)))
    places = """SELECT count(*) FROM (
        SELECT id FROM graveshift.dead UNION ALL SELECT id FROM graveshift.jobs
        UNION ALL SELECT id FROM graveshift.trash) places"""
    assert await count(engine, places) == LETTERS + HELD_KEYS
    assert await count(engine, places.replace("count(*)", "count(DISTINCT id)")) == LETTERS + HELD_KEYS
    await depth_is_right(engine, queue)


async def depth_is_right(engine: AsyncEngine, queue: PostgresQueue) -> None:
    """The counters say what counting says, before the roll-up and after it."""
    for _ in range(2):
        said = {key: n for key, n in (await queue.upkeep.counters()).depth.items() if n and key[1] in STATES}
        async with engine.connect() as connection:
            rows = await connection.execute(text(COUNTED))
            assert said == {(row.queue, row.state): row.n for row in rows}
            groups = await connection.execute(text(GROUPED))
            counted = {(row.queue, row.kind, row.fingerprint): (row.dead, row.retrying) for row in groups}
        page = await queue.letters.groups(Filter(), None, 1000)
        assert {
            (group.queue, group.kind, group.fingerprint): (group.dead, group.retrying) for group in page.items
        } == counted
        await queue.upkeep.roll_up()


STATES = ("waiting", "scheduled", "retrying", "running", "dead")
COUNTED = """
SELECT queue, state, count(*) AS n FROM (
    SELECT queue, state FROM graveshift.jobs UNION ALL SELECT queue, 'dead' FROM graveshift.dead) every
GROUP BY queue, state
"""
GROUPED = """
SELECT queue, kind, fingerprint, count(*) FILTER (WHERE state = 'dead') AS dead,
       count(*) FILTER (WHERE state = 'retrying') AS retrying
FROM (SELECT queue, kind, fingerprint, state FROM graveshift.jobs WHERE state = 'retrying'
      UNION ALL SELECT queue, kind, fingerprint, 'dead' FROM graveshift.dead) every
GROUP BY queue, kind, fingerprint
"""


class History:
    """What producers, workers, operators and a leader do to one queue, all at the same time."""

    def __init__(self, engine: AsyncEngine, queue: PostgresQueue) -> None:
        self.engine = engine
        self.queue = queue
        self.ended: Counter[int] = Counter()
        self.known: list[int] = []

    async def produce(self, chance: random.Random) -> None:
        for _ in range(12):
            key = f"k{chance.randrange(20)}" if chance.random() < 0.3 else None
            jobs = [NewJob(queue=f"q{chance.randrange(3)}", kind="send", unique_key=key, max_attempts=3)] * 5
            self.known.extend(await self.queue.work.enqueue(jobs))

    async def work(self, chance: random.Random, worker: PostgresQueue) -> None:
        for _ in range(30):
            lease_s = chance.choice((0.0, 60.0))
            owner = UUID(int=chance.getrandbits(100))
            for job in await worker.work.claim(owner, [], ["send"], chance.randint(1, 8), lease_s, begin=4):
                await self.end(chance, worker, job)

    async def end(self, chance: random.Random, worker: PostgresQueue, job: Claimed) -> None:
        match chance.randrange(5):
            case 0 | 1:
                stale = await worker.work.finish([job.ticket], "w")
                self.ended.update([job.ticket.id] if not stale else [])
            case 2:
                cause = f"f{chance.randrange(4)}"
                retry = chance.choice((None, 0.0, 0.0))
                await worker.work.fail([failure(job.ticket, fingerprint=cause, retry_in_s=retry)])
            case 3:
                await worker.work.release([job.ticket])
            case _:
                await worker.work.beat(job.ticket.owner, [job.ticket], chance.choice((0.0, 60.0)), Condition(running=1))

    async def lead(self) -> None:
        for _ in range(25):
            await self.queue.upkeep.sweep(3)
            await self.queue.upkeep.roll_up()

    async def operate(self, run: int, chance: random.Random) -> None:
        for _ in range(15):
            frozen = await self.queue.letters.freeze()
            ids = await self.queue.letters.pick(Filter(), frozen, None, 20)
            chosen = [str(id) for id in chance.sample(self.known, min(2, len(self.known)))]
            to = chance.choice((Move.REQUEUE, Move.REQUEUE, Move.DISCARD))
            async with open_unit(self.engine) as unit:
                await self.queue.source.move(unit, ids, to, run)
                await self.queue.source.cancel(unit, chosen, run)
                await unit.commit()


PLACES = """SELECT count(*) FROM (
    SELECT id FROM graveshift.dead UNION ALL SELECT id FROM graveshift.jobs UNION ALL SELECT id FROM graveshift.done
    UNION ALL SELECT id FROM graveshift.trash) places"""


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_random_histories_of_many_workers_keep_every_count_and_every_job(
    engine: AsyncEngine, queue: PostgresQueue, seed: int
) -> None:
    """Workers claim, end, crash and are swept, runners move, and a leader rolls up."""
    history = History(engine, queue)
    workers = [PostgresQueue(engine, "here") for _ in range(3)]
    chances = [random.Random(seed * 100 + n) for n in range(8)]
    await asyncio.gather(
        history.produce(chances[0]),
        history.produce(chances[1]),
        history.lead(),
        history.operate(1, chances[2]),
        history.operate(2, chances[3]),
        *(history.work(chance, worker) for chance, worker in zip(chances[4:7], workers, strict=True)),
    )
    for worker in workers:
        await worker.close()
    await depth_is_right(engine, queue)
    assert max(history.ended.values(), default=0) == 1
    assert await count(engine, PLACES) == len(set(history.known))
    assert await count(engine, "SELECT count(*) FROM graveshift.done WHERE state = 'done'") == len(history.ended)
