"""One side of the contest: its database, how its processes are started, and what they are asked to do."""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct, structs

from tests.bench.contest.marks import FOLDER, collect
from tests.bench.contest.peers import ROOT, python

ROUND_TRIP_S, LOOK_S = 60, 0.02
# The worker process settles before the first stamped job is sent.
READY_S = 15.0


class Side(Struct, frozen=True):
    """`left` asks whether any job is left, `reset` empties the tables; `argv` starts a process of this side."""

    name: str
    url: str
    argv: Sequence[str]
    left: str
    reset: str
    worker: Sequence[str] = ()
    environment: Mapping[str, str] = {}

    async def send(self, *words: object) -> float:
        """Jobs a second."""
        process = await self._start(
            [*self.argv, self.url, "send", *map(str, words)], {}, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), ROUND_TRIP_S)
        assert process.returncode == 0, f"{self.name} could not send"
        return float(json.loads(out)["per_s"])

    async def ready(self) -> None:
        """Its schema is laid."""
        process = await self._start([*self.argv, self.url, "setup"], {})
        assert await asyncio.wait_for(process.wait(), ROUND_TRIP_S) == 0, f"{self.name} could not be set up"

    async def drain(self, *, batch: int, processes: int) -> float:
        """Jobs a second of what is queued, while all processes were at work."""
        ran = [sorted(one["ran"]) for one in await self._worked(batch, processes, self._empty())]
        start, end = max(one[0] for one in ran), min(one[-1] for one in ran)
        return float(sum(sum(start < at <= end for at in one) for one in ran) / (end - start))

    async def latency(self, *, per_s: float, seconds: float, batch: int) -> list[float]:
        """Milliseconds from before the enqueue to inside the handler, sorted, with one worker process."""
        found = await self._worked(batch, 1, self._paced(per_s, int(per_s * seconds)))
        return sorted(1000 * one for side in found for one in side["latency"])

    async def clear(self) -> None:
        """Nothing is queued any more."""
        await self.ask(self.reset)

    async def ask(self, statement: str) -> bool:
        """The first value that a statement gives; False where it gives none."""
        return await asyncio.to_thread(self._ask, statement)

    def _ask(self, statement: str) -> bool:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
            return bool(row and row[0])

    async def _empty(self, within_s: float = ROUND_TRIP_S) -> None:
        assert await asyncio.to_thread(self._was_emptied, within_s), f"{self.name} was not empty within {within_s} s"

    def _was_emptied(self, within_s: float) -> bool:
        """Asked on one connection: making one at each look would cost the server as much as many jobs."""
        deadline = time.monotonic() + within_s
        with psycopg.connect(self.url, autocommit=True) as connection:
            while (is_left := connection.execute(self.left.encode()).fetchone() != (False,)) and (
                time.monotonic() < deadline
            ):
                time.sleep(LOOK_S)
        return not is_left

    async def _paced(self, per_s: float, n: int) -> None:
        """A first job tells that the worker is up; what it took is not of the figures."""
        await self.send("single", 1)
        await self._empty(READY_S)
        await self.send("paced", per_s, n)
        await self._empty()

    async def _worked(self, batch: int, processes: int, over: Any) -> list[dict[str, Any]]:
        """Start workers, await `over`, stop them; what they noted."""
        with tempfile.TemporaryDirectory(prefix="graveshift-marks-") as folder:
            argv = [*self.worker] or [*self.argv, self.url, "work", str(batch)]
            extra = {name: value.format(batch=batch, many=10 * batch) for name, value in self.environment.items()}
            workers = [await self._start(argv, {FOLDER: folder, **extra}) for _ in range(processes)]
            try:
                await over
            finally:
                for worker in workers:
                    if worker.returncode is None:
                        worker.send_signal(signal.SIGTERM)
                await asyncio.gather(*(asyncio.wait_for(worker.wait(), ROUND_TRIP_S) for worker in workers))
            return collect(Path(folder))

    async def _start(
        self, argv: Sequence[str], extra: Mapping[str, str], stdout: int = asyncio.subprocess.DEVNULL
    ) -> asyncio.subprocess.Process:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **extra}
        return await asyncio.create_subprocess_exec(*argv, env=environment, stdout=stdout, stderr=_log())


def _log() -> int:
    return asyncio.subprocess.DEVNULL if "GRAVESHIFT_BENCH_LOUD" not in os.environ else sys.stderr.fileno()


def sides(ours: str, pgqueuer: str, procrastinate: str) -> list[Side]:
    """All four; the first two share a database."""
    peer, place = str(python()), "tests.bench.contest"
    own = Side(
        name="ours",
        url=ours,
        argv=[sys.executable, "-m", f"{place}.ours"],
        left="SELECT EXISTS (SELECT FROM graveshift.jobs)",
        reset="TRUNCATE graveshift.jobs, graveshift.payloads, graveshift.done, graveshift.deltas",
        worker=[sys.executable, "-m", "graveshift", "worker", "--handlers", f"{place}.ours:HANDLERS"],
        environment={
            "GRAVESHIFT_DATABASE_URL": ours,
            "GRAVESHIFT_WORKER_BATCH": "{batch}",
            "GRAVESHIFT_WORKER_CONCURRENCY": "{many}",
        },
    )
    return [
        own,
        structs.replace(own, name="raw", argv=[sys.executable, "-m", f"{place}.raw"], worker=[]),
        Side(
            name="pgqueuer",
            url=pgqueuer,
            argv=[peer, "-m", f"{place}.of_pgqueuer"],
            left="SELECT EXISTS (SELECT FROM pgqueuer)",
            reset="TRUNCATE pgqueuer, pgqueuer_log",
        ),
        Side(
            name="procrastinate",
            url=procrastinate,
            argv=[peer, "-m", f"{place}.of_procrastinate"],
            left="SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))",
            reset="TRUNCATE procrastinate_jobs CASCADE",
        ),
    ]
