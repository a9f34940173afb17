"""A migrated database with the native queue on it, and workers that run in the test's own loop or as processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from msgspec import Raw
from sqlalchemy import make_url, text

from graveshift.drivers.postgres import PostgresQueue
from graveshift.settings import WorkerSettings
from graveshift.store.engine import create_engine
from graveshift.wire.jobs import NewJob
from graveshift.worker import Worker
from graveshift.worker.handlers import Run
from graveshift.worker.turns import Queues
from tests.waiting import until

QUICK = {"concurrency": 4, "batch": 4, "grace_s": 5.0, "time_limit_s": 20.0, "backoff_s": 0.05, "backoff_max_s": 0.2}


class Workshop:
    """What a worker test looks at and turns."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url, pool_size=30)  # some tests have many workers on it, which hold six each
        self.queue = PostgresQueue(self.engine)

    async def close(self) -> None:
        await self.queue.close()
        await self.engine.dispose()

    async def put(self, kind: str, payload: object = None, *, queue: str = "q", **options: Any) -> int:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return (await self.queue.work.enqueue([NewJob(queue=queue, kind=kind, payload=Raw(raw), **options)]))[0]

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(text(statement), parameters)).fetchall())

    async def value(self, statement: str, **parameters: object) -> Any:
        rows = await self.rows(statement, **parameters)
        return rows[0][0] if rows else None

    async def state(self, job: int) -> str | None:
        """Its state among live jobs, ended ones and letters."""
        return str(
            await self.value(
                """SELECT state FROM graveshift.jobs WHERE id = :id UNION ALL
                   SELECT state FROM graveshift.done WHERE id = :id UNION ALL
                   SELECT 'dead' FROM graveshift.dead WHERE id = :id""",
                id=job,
            )
        )

    async def reaches(self, job: int, state: str, within: float = 10.0) -> None:
        async def there() -> bool:
            return await self.state(job) == state

        await self.until(there, within, f"job {job} is {state}")

    async def until(self, there: Callable[[], bool | Awaitable[bool]], within: float = 10.0, what: str = "") -> None:
        assert await until(there, within=within, what=what)

    async def count(self, table: str) -> int:
        return int(await self.value(f"SELECT count(*) FROM graveshift.{table}"))

    async def break_connections(self) -> None:
        """End every connection to this database, as a restart of the server would."""
        await asyncio.to_thread(_terminate, self.url.replace("+asyncpg", ""))

    def administer(self, statements: Sequence[str]) -> None:
        """Run statements from the server's own database, which stays open when this one is closed."""
        name = make_url(self.url).database
        with psycopg.connect(self.url.replace("+asyncpg", "").replace(f"/{name}", "/postgres", 1)) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.execute(statement.encode())

    @asynccontextmanager
    async def worker(
        self, handlers: Mapping[str, Run], *, queues: Queues = (), lease_s: float = 30.0, **settings: Any
    ) -> AsyncIterator[Worker]:
        """A worker in this loop, stopped at the end; a worker that broke breaks the test."""
        chosen = WorkerSettings(**{**QUICK, **settings})
        worker = Worker(self.queue.work, handlers, queues=queues, settings=chosen, lease_s=lease_s, version="test 1")
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await running

    @asynccontextmanager
    async def process(self, **settings: Any) -> AsyncIterator["Process"]:
        """A worker process with the handlers of tests/worker_process.py; killed at the end if it still runs."""
        arguments = json.dumps({"url": self.url, **QUICK, "lease_s": 30.0, **settings})
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.worker_process", arguments, stderr=asyncio.subprocess.PIPE
        )
        process = Process(child)
        try:
            yield process
        finally:
            await process.end()


def _terminate(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


class Process:
    """A worker process and its log so far."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.child = child
        self.log: list[dict[str, Any]] = []
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self.child.pid

    def send(self, wanted: signal.Signals) -> None:
        os.kill(self.pid, wanted)

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event]

    async def exits(self, within: float = 10.0) -> int:
        return await asyncio.wait_for(self.child.wait(), within)

    async def end(self) -> None:
        if self.child.returncode is None:
            self.child.kill()
        await self.child.wait()
        await self._reader

    async def _read(self) -> None:
        assert self.child.stderr is not None
        async for line in self.child.stderr:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.log.append({"event": "not_json", "line": line.decode(errors="replace")})
