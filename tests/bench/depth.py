"""What a deep queue costs: the overview and the queues at the API at any depth, and the counters at each enqueue."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import psycopg
from msgspec import structs
from sqlalchemy import Engine, event

from graveshift import bootstrap, connect, embedded, migrations, new_job
from graveshift.place import Database
from graveshift.settings import ApiSettings, Settings
from graveshift.wire.operations import Role
from tests.bench.report import Figure

BUDGET_MS, COUNTED = 10.0, 0.75
QUEUES, STEP = 20, 500_000
DEPTHS, QUICK_DEPTHS = (1_000, 100_000, 5_000_000), (1_000, 100_000)
# The floor is what any request costs here: the same stack and token, and hardly anything to read.
PATHS = {"overview": "/v1/overview", "queues": "/v1/queues", "floor": "/v1/workers"}
WARM = 200

# Rows go in with the triggers off; what the triggers would have said is said in one line per queue, state and cause.
# Of a thousand jobs twenty are being tried again, one runs, and ten more have died.
FILL = """
WITH drawn AS MATERIALIZED (
    SELECT 'deep-' || i %% %(queues)s AS queue, 'kind-' || h / 1000 %% 5 AS kind, h %% 1000 AS draw,
           'cause-' || h / 5000 %% 4 AS cause, h / 20000 %% 3 AS priority,
           now() - make_interval(secs => i %% 3600) AS at
    FROM (SELECT i, abs(CAST(hashint4(i) AS bigint)) AS h
          FROM generate_series(CAST(%(first)s AS integer), %(last)s) i) numbered
), live AS (
    INSERT INTO graveshift.jobs (queue, kind, priority, run_at, state, fingerprint, lease_owner, lease_until, begun)
    SELECT queue, kind, priority, at,
           CASE WHEN draw < 20 THEN 'retrying' WHEN draw = 20 THEN 'running' ELSE 'waiting' END,
           CASE WHEN draw < 20 THEN cause END, CASE WHEN draw = 20 THEN gen_random_uuid() END,
           CASE WHEN draw = 20 THEN now() + interval '1 day' END, draw = 20
    FROM drawn RETURNING queue, kind, state, coalesce(fingerprint, '') AS fingerprint
), letters AS (
    INSERT INTO graveshift.dead (id, enqueued_at, attempt, max_attempts, budget, requeue_count, priority, queue, kind,
                                 fingerprint, error_type)
    SELECT nextval('graveshift.job_id'), at, 5, 5, 5, 0, priority, queue, kind, cause, 'Timeout'
    FROM drawn WHERE draw BETWEEN 30 AND 39 RETURNING queue, kind, 'dead' AS state, fingerprint
), made AS (
    SELECT * FROM live UNION ALL SELECT * FROM letters
)
INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, error_type, message)
SELECT count(*), queue, what, CASE WHEN fingerprint = '' THEN '' ELSE kind END, fingerprint,
       CASE WHEN what = 'failed' THEN 'Timeout' END, CASE WHEN what = 'failed' THEN 'no answer' END
FROM made, LATERAL (VALUES (state), ('enqueued'), (CASE WHEN fingerprint <> '' THEN 'failed' END)) whats (what)
WHERE what IS NOT NULL GROUP BY 2, 3, 4, 5
"""
TRIGGERS = "ALTER TABLE graveshift.jobs {} TRIGGER USER"


@dataclass(frozen=True)
class Cost:
    """Of one path: milliseconds of each request in order, of CPU per request, statements and bytes."""

    ms: list[float]
    cpu_ms: float
    statements: float
    size: int

    def figures(self, name: str, budget: float | None) -> list[Figure]:
        """The budget is on p95; the rest says what it is made of."""
        return [
            Figure(f"{name}, p95", self.ms[len(self.ms) * 95 // 100], "ms", budget),
            Figure(f"{name}, p50", median(self.ms), "ms"),
            Figure(f"{name}, CPU", self.cpu_ms, "ms"),
            Figure(f"{name}, statements", self.statements, ""),
            Figure(f"{name}, bytes", self.size, ""),
        ]


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
                cost = await _cost(client, path, 100 if quick else 300)
                figures += cost.figures(f"{name} with {depth:,} jobs", None if name == "floor" else BUDGET_MS)
            figures.append(Figure(f"load average with {depth:,} jobs", os.getloadavg()[0], ""))
    return figures


def _deepen(server: embedded.Server, held: int, depth: int) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(TRIGGERS.format("DISABLE").encode())
        for start in range(held, depth, STEP):
            named = {"first": start + 1, "last": min(start + STEP, depth), "queues": QUEUES}
            connection.execute(FILL.encode(), named)
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


async def _cost(client: httpx.AsyncClient, path: str, times: int) -> Cost:
    """One request after another, the first ones forgotten. CPU and statements are the whole process's."""
    asked: list[str] = []
    for _ in range(WARM):
        await client.get(path)

    def ask(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(Engine, "before_cursor_execute", ask)
    taken, statements, size, cpu = [], [], 0, time.process_time()
    for _ in range(times):
        asked.clear()
        begun = time.perf_counter()
        answer = await client.get(path)
        taken.append(1000 * (time.perf_counter() - begun))
        assert answer.status_code == 200, answer.text
        statements.append(len(asked))
        size = len(answer.content)
    event.remove(Engine, "before_cursor_execute", ask)
    return Cost(sorted(taken), 1000 * (time.process_time() - cpu) / times, median(statements), size)


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
