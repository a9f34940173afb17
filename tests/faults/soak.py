"""Steady load for minutes or hours: nothing may grow that has no reason to (`./run faults soak --minutes N`)."""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path
from statistics import mean
from time import monotonic
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.errors import GraveshiftError
from graveshift.library import connect
from graveshift.store.engine import create_engine
from tests.faults.backend import backend
from tests.faults.crew import Crew
from tests.faults.place import place
from tests.faults.producer import QUEUE
from tests.front import true

SAMPLES = 24
WARM_SHARE = 1 / 4
BATCH = 10
PAYLOAD = {"nap": 0.002, "address": "someone@example.org", "body": "x" * 150}
MB = 1024 * 1024
# What may be at the end: of memory a tenth and a few MB more than after the warm-up, of live tables what a few minutes
# of dead rows take until the next vacuum, and of each job that was ever done so much history and log.
GROWN, GROWN_MB = 1.10, 6.0
LIVE_MB, DEAD_S, DEAD_PER_JOB = 48.0, 180, 4
HISTORY_B, WAL_B = 1_500, 12_000

# Live tables hold what is not done; history is kept for a stated time. Partitioned ones are summed.
LOOK = text("""
    WITH sizes AS (
        SELECT root.relname AS name, sum(pg_total_relation_size(tree.relid)) AS bytes
        FROM pg_class root JOIN pg_namespace n ON n.oid = root.relnamespace AND n.nspname = 'graveshift',
             LATERAL (SELECT root.oid AS relid UNION SELECT relid FROM pg_partition_tree(root.oid)) tree
        WHERE root.relname IN ('jobs', 'deltas', 'depth', 'workers', 'groups', 'payloads', 'done') GROUP BY 1
    )
    SELECT coalesce(sum(bytes) FILTER (WHERE name NOT IN ('payloads', 'done')), 0) AS live,
           coalesce(sum(bytes) FILTER (WHERE name IN ('payloads', 'done')), 0) AS history,
           (SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE schemaname = 'graveshift'
            AND relname IN ('jobs', 'deltas', 'depth')) AS dead,
           (SELECT count(*) FROM graveshift.done) AS done,
           (SELECT count(*) FROM graveshift.jobs) AS waiting,
           pg_current_wal_insert_lsn() - '0/0' AS wal
    FROM sizes
""")


class Sample(Struct, frozen=True):
    """Sizes in MB, `wal` and `history` per job done since the first sample in bytes."""

    at_s: float
    done: int
    waiting: int
    backend: float
    workers: float
    live: float
    history: float
    dead: int
    wal: float

    def row(self) -> str:
        cells = f"{self.at_s:7.0f} {self.done:8} {self.waiting:7} {self.backend:9.1f} {self.workers:9.1f}"
        return f"{cells} {self.live:8.1f} {self.history:10.0f} {self.dead:8} {self.wal:8.0f}"


HEAD = "      s     done waiting   backend   workers  live MB  history B     dead    WAL B"


def main(argv: list[str]) -> int:
    """The exit code: 0 where everything stayed within its bounds."""
    parser = argparse.ArgumentParser(prog="faults soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--rate", type=float, default=100.0, help="jobs a second (default: 100)")
    arguments = parser.parse_args(argv)
    with place() as server, tempfile.TemporaryDirectory(prefix="gs-soak-") as folder:

        async def soaked() -> list[Sample]:
            url = await server.migrated("soak")
            return await soak(url, Path(folder), arguments.minutes * 60, arguments.rate)

        flaws = judged(asyncio.run(soaked()), arguments.rate)
    for flaw in flaws:
        print(f"FAIL  {flaw}")
    print(f"{'failed' if flaws else 'passed'}: {arguments.minutes:g} minutes at {arguments.rate:g} jobs a second")
    return 1 if flaws else 0


async def soak(url: str, folder: Path, seconds: float, rate: float) -> list[Sample]:
    """The samples, printed as they come."""
    engine = create_engine(url)
    crew = Crew({"GRAVESHIFT_DATABASE_URL": url}, folder)
    try:
        async with backend(url, folder) as process:
            await crew.hire(2)
            await true(lambda: _there(engine, 2), within=60, what="the workers are there")
            load = asyncio.create_task(_load(url, rate))
            try:
                return await _watched(engine, [process.pid], crew, seconds, load)
            finally:
                load.cancel()
                await asyncio.gather(load, return_exceptions=True)
    finally:
        await crew.end()
        await engine.dispose()


async def _watched(
    engine: AsyncEngine, backends: list[int], crew: Crew, seconds: float, load: asyncio.Task[None]
) -> list[Sample]:
    samples: list[Sample] = []
    began = monotonic()
    first = await _look(engine)
    print(HEAD, flush=True)
    while monotonic() - began < seconds:
        await asyncio.sleep(seconds / SAMPLES)
        if load.done():
            load.result()
        assert not crew.gone, crew.gone[0].last_words
        row = await _look(engine)
        jobs = max(1, row.done - first.done)
        samples.append(
            Sample(
                at_s=monotonic() - began,
                done=row.done,
                waiting=row.waiting,
                backend=max(map(resident_mb, backends)),
                workers=max(resident_mb(hand.pid) for hand in crew.hands),
                live=float(row.live) / MB,
                history=float(row.history - first.history) / jobs,
                dead=int(row.dead),
                wal=float(row.wal - first.wal) / jobs,
            )
        )
        print(samples[-1].row(), flush=True)
    return samples


def judged(samples: list[Sample], rate: float) -> list[str]:
    """What went beyond its bounds, in words. The first quarter is warm-up."""
    warm = samples[int(len(samples) * WARM_SHARE) :]
    third = max(1, len(warm) // 3)
    last = samples[-1]
    flaws = []
    for who in ("backend", "workers"):
        was, now = (mean(getattr(one, who) for one in some) for some in (warm[:third], warm[-third:]))
        if now > was * GROWN + GROWN_MB:
            flaws.append(f"the memory of the {who} grew from {was:.0f} to {now:.0f} MB")
    bounds = {"live": LIVE_MB, "dead": rate * DEAD_PER_JOB * DEAD_S, "history": HISTORY_B, "wal": WAL_B}
    bounds["waiting"] = max(100.0, rate * 10)
    said = structs.asdict(last)
    return flaws + [
        f"{name} is {said[name]:.0f}, at most {most:.0f}" for name, most in bounds.items() if said[name] > most
    ]


def resident_mb(pid: int) -> float:
    """What the process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB


async def _load(url: str, rate: float) -> None:
    """By the clock, so that a slow answer is caught up with."""
    async with connect(url) as producer:
        began, sent = monotonic(), 0
        while True:
            if sent < (monotonic() - began) * rate:
                try:
                    await asyncio.gather(*(producer.enqueue(QUEUE, "stride", PAYLOAD) for _ in range(BATCH)))
                except GraveshiftError as error:
                    print(f"not enqueued: {error}", flush=True)
                sent += BATCH
            await asyncio.sleep(BATCH / rate / 4)


async def _there(engine: AsyncEngine, count: int) -> bool:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT count(*) FROM graveshift.workers"))
        return int(found.scalar_one()) >= count


async def _look(engine: AsyncEngine) -> Row[Any]:
    async with engine.connect() as connection:
        return (await connection.execute(LOOK)).one()
