"""What a deep queue costs: the overview and the queues at the API at any depth, and the counters at each enqueue."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
import psycopg
from msgspec import structs

from graveshift import bootstrap, connect, embedded, migrations, new_job
from graveshift.place import Database
from graveshift.settings import ApiSettings, Settings
from graveshift.wire.operations import Role
from tests.bench.report import Figure

BUDGET_MS, COUNTED = 10.0, 0.75
QUEUES, STEP = 20, 500_000
DEPTHS, QUICK_DEPTHS = (1_000, 100_000, 5_000_000), (1_000, 100_000)
PATHS = {"overview": "/v1/overview", "queues": "/v1/queues"}

# Rows go in with the triggers off; what the triggers would have said is said in one line per queue.
FILL = """
INSERT INTO graveshift.jobs (queue, kind, state, run_at)
SELECT 'deep-' || i %% %(queues)s, 'send', 'waiting', now() - make_interval(secs => i %% 3600)
FROM generate_series(1, %(n)s) i
"""
COUNT = """
INSERT INTO graveshift.deltas (n, queue, what)
SELECT count(*), 'deep-' || i %% %(queues)s, what
FROM generate_series(1, %(n)s) i, (VALUES ('waiting'), ('enqueued')) whats (what) GROUP BY 2, 3
"""
TRIGGERS = "ALTER TABLE graveshift.jobs {} TRIGGER USER"


def measure(*, quick: bool) -> list[Figure]:
    """Milliseconds at the 95th percentile by depth; and enqueues with counters to the same without."""
    home, folder = embedded.temporary_home(), Path(tempfile.mkdtemp(prefix="graveshift-bench-"))
    try:
        server = embedded.start(embedded.Wish(home=home, durable=True, settings={"max_wal_size": "4GB"}))
        asyncio.run(migrations.upgrade(server.url))
        return asyncio.run(_measured(server, folder, quick=quick))
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


async def _measured(server: embedded.Server, folder: Path, *, quick: bool) -> list[Figure]:
    figures = await _counting(server, rounds=3 if quick else 9)
    held = 0
    async with _api(server, folder) as client:
        for depth in QUICK_DEPTHS if quick else DEPTHS:
            await asyncio.to_thread(_deepen, server, held, depth)
            held = depth
            for name, path in PATHS.items():
                ms = await _p95(client, path, 100 if quick else 300)
                figures.append(Figure(f"{name} with {depth:,} jobs, p95", ms, "ms", BUDGET_MS))
    return figures


def _deepen(server: embedded.Server, held: int, depth: int) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(TRIGGERS.format("DISABLE").encode())
        for start in range(held, depth, STEP):
            named = {"n": min(STEP, depth - start), "queues": QUEUES}
            connection.execute(FILL.encode(), named)
            connection.execute(COUNT.encode(), named)
        connection.execute(TRIGGERS.format("ENABLE").encode())
        connection.execute(b"VACUUM ANALYZE graveshift.jobs")


@asynccontextmanager
async def _api(server: embedded.Server, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The whole service with its loops, and a client that keeps its connection."""
    settings = structs.replace(Settings(), state_dir=str(folder), api=ApiSettings(port=0))
    async with bootstrap.running(settings, Database(url=server.url, server=server)) as backend:
        token = await backend.issue_token("bench", Role.VIEWER)
        async with (
            backend.serving() as place,
            httpx.AsyncClient(base_url=place, headers={"Authorization": f"Bearer {token}"}) as client,
        ):
            yield client


async def _p95(client: httpx.AsyncClient, path: str, times: int) -> float:
    """Milliseconds, one request after another, the first ten forgotten."""
    taken = []
    for _ in range(times + 10):
        begun = time.perf_counter()
        answer = await client.get(path)
        taken.append(1000 * (time.perf_counter() - begun))
        assert answer.status_code == 200, answer.text
    return sorted(taken[10:])[times * 95 // 100]


async def _counting(server: embedded.Server, rounds: int) -> list[Figure]:
    """In turns; ten senders at once, and a thousand jobs in a call."""
    seen: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for how in ("DISABLE", "ENABLE"):
            with psycopg.connect(server.dsn, autocommit=True) as connection:
                connection.execute(TRIGGERS.format(how).encode())
            for way, rate in (await _enqueued(server)).items():
                seen.setdefault((way, how), []).append(rate)
    return [
        Figure(
            f"enqueue with counters to without, {way}",
            median(on / off for on, off in zip(seen[way, "ENABLE"], seen[way, "DISABLE"], strict=True)),
            "x",
            COUNTED,
            at_least=True,
        )
        for way in ("10 at once", "1000 in one call")
    ]


async def _enqueued(server: embedded.Server) -> dict[str, float]:
    """Jobs a second."""
    async with connect(server.url) as producer:
        await producer.enqueue("counted", "send")
        begun = time.monotonic()
        await asyncio.gather(*(_some(producer.enqueue, 60) for _ in range(10)))
        single, begun = 600 / (time.monotonic() - begun), time.monotonic()
        for _ in range(5):
            await producer.enqueue_many([new_job("counted", "send")] * 1000)
        return {"10 at once": single, "1000 in one call": 5000 / (time.monotonic() - begun)}


async def _some(enqueue: object, n: int) -> None:
    assert callable(enqueue)
    for _ in range(n):
        await enqueue("counted", "send")
