"""Enqueue, drain and latency against pgqueuer, procrastinate and our own bare statements, in turn on one server."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from graveshift import embedded, migrations
from graveshift.drivers.postgres.rollup import roll_up
from graveshift.store.engine import create_engine
from tests.bench.contest.cells import BATCHES, PROCESSES, Plan, Sheet, drain, play
from tests.bench.contest.side import Side, sides
from tests.bench.report import Figure

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
WAYS = {"single": "enqueue, one by one", "concurrent": "enqueue, 10 at once", "bulk": "enqueue, 1000 in one call"}
FULL, QUICK = Plan(rounds=3, latency_s=8.0, share=1.0), Plan(rounds=1, latency_s=3.0, share=0.2)
NOTE = """durable server (fsync on, synchronous_commit on) for all; pool of 10 for all; a job's payload is {}
our claims are on the disk before their jobs begin, as everybody's are; those that meet wait for it together
batch 10 and 100; our concurrency is 100 and 1000, as procrastinate's, which fetches singly; pgqueuer has no cap
latency: one worker process, batch 10, at a tenth of the lesser of enqueue and drain of each side; a roll-up runs"""


def measure(*, quick: bool) -> list[Figure]:
    """Medians of jobs a second and milliseconds; budgets are on ratios of the same round."""
    print(NOTE)
    home = embedded.temporary_home()
    try:
        server = embedded.start(embedded.Wish(home=home, durable=True, settings=SETTINGS))
        return asyncio.run(_contest(server, QUICK if quick else FULL))
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


async def _contest(server: embedded.Server, plan: Plan) -> list[Figure]:
    await migrations.upgrade(server.url)
    ours, *peers = [server.dsn, *(_database(server, name) for name in ("pgqueuer", "procrastinate"))]
    rivals = sides(ours, *peers)
    for side in rivals[2:]:
        await side.ready()
    sheet = Sheet()
    async with _rolling(server):
        await play(rivals, plan, sheet)
    return [*_enqueues(rivals, sheet), *_drains(rivals, sheet), *_latencies(rivals, sheet)]


def _database(server: embedded.Server, name: str) -> str:
    """A database of a peer's own; the same role owns it."""
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        owner = psycopg.conninfo.conninfo_to_dict(server.dsn)["user"]
        connection.execute(f"CREATE DATABASE {name} OWNER {owner}".encode())
    path = server.dsn.partition("?")
    return path[0].rpartition("/")[0] + f"/{name}" + path[1] + path[2]


@asynccontextmanager
async def _rolling(server: embedded.Server) -> AsyncIterator[None]:
    """What the service does beside the workers, every second: our own counters have their price."""
    engine = create_engine(server.url)

    async def forever() -> None:
        while True:
            await roll_up(engine)
            await asyncio.sleep(1)

    task = asyncio.create_task(forever())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await engine.dispose()


def _enqueues(rivals: list[Side], sheet: Sheet) -> list[Figure]:
    figures = []
    for cell, name in WAYS.items():
        figures += [Figure(f"{name}: {side.name}", sheet.median(side.name, cell), "/s") for side in rivals]
        figures.append(Figure(f"{name}: ours to pgqueuer", sheet.ratio(cell, "pgqueuer"), "x", 1.0, at_least=True))
    return figures


def _drains(rivals: list[Side], sheet: Sheet) -> list[Figure]:
    figures = []
    for cell in (drain(batch, processes) for processes in PROCESSES for batch in BATCHES):
        figures += [Figure(f"{cell}: {side.name}", sheet.median(side.name, cell), "/s") for side in rivals]
        for rival, least in (("raw", 0.7), ("pgqueuer", 2.0), ("procrastinate", 10.0)):
            figures.append(Figure(f"{cell}: ours to {rival}", sheet.ratio(cell, rival), "x", least, at_least=True))
    return figures


def _latencies(rivals: list[Side], sheet: Sheet) -> list[Figure]:
    figures = []
    for side in rivals:
        figures.append(Figure(f"latency, sent by {side.name}", sheet.median(side.name, "rate"), "/s"))
        figures += [Figure(f"latency p{p}: {side.name}", sheet.median(side.name, f"p{p}"), "ms") for p in (50, 95, 99)]
    best = min(("pgqueuer", "procrastinate"), key=lambda peer: sheet.median(peer, "p95"))
    figures.append(Figure(f"latency p95: ours to {best}", sheet.ratio("p95", best), "x", 1.0))
    return figures
