"""pgqueuer's side, run by the peers' own Python: its schema, its asyncpg pool, its queue manager."""

import asyncio
import importlib
import json
import signal
import sys
from collections.abc import Sequence
from typing import Any

from tests.bench.contest import marks
from tests.bench.contest.sending import send

POOL = 10


async def main(url: str, command: str, words: Sequence[str]) -> None:
    """`setup`, `work` or `send`."""
    asyncpg = importlib.import_module("asyncpg")
    db = importlib.import_module("pgqueuer.db")
    queries = importlib.import_module("pgqueuer.queries")
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:
        driver = db.AsyncpgPoolDriver(pool)
        book = queries.Queries(driver)
        if command == "setup":
            await book.install()
        elif command == "work":
            await _work(driver, int(words[0]))
        else:
            await _send(book, words)


async def _work(driver: Any, batch: int) -> None:
    manager = importlib.import_module("pgqueuer.qm").QueueManager(driver)

    @manager.entrypoint("noop")
    async def noop(job: Any) -> None:
        marks.ran(json.loads(job.payload).get("t"))

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)
    await manager.run(batch_size=batch, max_concurrent_tasks=2 * batch)


async def _send(book: Any, words: Sequence[str]) -> None:
    async def one(payload: str) -> object:
        return await book.enqueue("noop", payload.encode())

    async def many(payloads: Sequence[str]) -> object:
        n = len(payloads)
        return await book.enqueue(["noop"] * n, [payload.encode() for payload in payloads], [0] * n)

    await send(one, many, words)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
