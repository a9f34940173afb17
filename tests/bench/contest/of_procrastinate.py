"""procrastinate's side, run by the peers' own Python: its schema, its psycopg pool, its worker."""

import asyncio
import importlib
import json
import sys
from collections.abc import Sequence

from tests.bench.contest import marks
from tests.bench.contest.sending import send

POOL = 10


async def main(url: str, command: str, words: Sequence[str]) -> None:
    """`setup`, `work` or `send`. It fetches singly: a batch here is so many jobs side by side, twice over."""
    procrastinate = importlib.import_module("procrastinate")
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=POOL, max_size=POOL))

    async def ran(t: float | None = None) -> None:
        marks.ran(t)

    noop = app.task(name="noop", queue="bench")(ran)

    async def one(payload: str) -> object:
        return await noop.defer_async(**json.loads(payload))

    async def many(payloads: Sequence[str]) -> object:
        return await noop.batch_defer_async(*(json.loads(payload) for payload in payloads))

    async with app.open_async():
        if command == "setup":
            await app.schema_manager.apply_schema_async()
        elif command == "work":
            await app.run_worker_async(concurrency=2 * int(words[0]))
        else:
            await send(one, many, words)


if __name__ == "__main__":
    # Its own worker runs on asyncio; senders of all sides run on the same loop.
    run = importlib.import_module("uvloop").run if sys.argv[2] == "send" else asyncio.run
    run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
