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
        book = queries.Queries(db.AsyncpgPoolDriver(pool))
        if command == "setup":
            await book.install()
        elif command == "work":
            await _work(book, int(words[0]))
        else:
            await _send(book, words)


async def _work(book: Any, batch: int) -> None:
    """Without its own cap on jobs at a time, which is its default: with one it waits for notices when it is full."""
    manager = importlib.import_module("pgqueuer.qm").QueueManager(book)

    async def noop(job: Any) -> None:
        marks.ran(json.loads(job.payload).get("t"))

    manager.entrypoint("noop")(noop)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)
    await manager.run(batch_size=batch)


async def _send(book: Any, words: Sequence[str]) -> None:
    async def one(payload: str) -> object:
        return await book.enqueue("noop", payload.encode())

    async def many(payloads: Sequence[str]) -> object:
        n = len(payloads)
        return await book.enqueue(["noop"] * n, [payload.encode() for payload in payloads], [0] * n)

    await send(one, many, words)


if __name__ == "__main__":
    uvloop = importlib.import_module("uvloop")  # as its own command does
    uvloop.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
