"""The raw design: a bare loop over our own statements and tables, CLAIM then END on one asyncpg connection."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop
from sqlalchemy import TextClause

from graveshift.drivers.postgres.bare import DIALECT
from graveshift.drivers.postgres.claiming import CLAIM, SPARE, TIMES
from graveshift.drivers.postgres.ending import END
from graveshift.drivers.postgres.enqueueing import ENQUEUE_KEYLESS
from tests.bench.contest import marks
from tests.bench.contest.ours import KIND, QUEUE
from tests.bench.contest.sending import send

POOL = 10


def bare(statement: TextClause) -> tuple[str, Callable[[Mapping[str, Any]], list[Any]]]:
    """The very same statement as asyncpg takes it, and how its values are put in order."""
    compiled = statement.compile(dialect=DIALECT)
    names = compiled.positiontup or []
    return str(compiled), lambda values: [values[name] for name in names]


async def work(url: str, batch: int) -> None:
    """Until told to stop. Its claims do not wait for the disk, as those of a worker do."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    connection = await asyncpg.connect(url)
    claim, of_claim = bare(CLAIM)
    end, of_end = bare(END)
    worker = uuid4()
    wish = {"worker": worker, "queues": [], "kinds": [KIND], "limit": batch, "lease_s": 30.0, "begin": batch}
    wish |= {"suspects": True, "wide": TIMES * batch + SPARE}
    taking, ending = await connection.prepare(claim), await connection.prepare(end)
    while not stop.is_set():
        rows = await taking.fetch(*of_claim(wish))
        for row in rows:
            marks.ran(json.loads(row["payload"]).get("t"))
        if rows:
            ids, attempts = [row["id"] for row in rows], [row["attempt"] for row in rows]
            named = {"ids": ids, "attempts": attempts, "owners": [worker] * len(rows), "worker": "raw", "state": "done"}
            await ending.fetch(*of_end(named))
        else:
            await asyncio.sleep(0.001)
    await connection.close()


async def sending(url: str, words: Sequence[str]) -> None:
    """Each enqueue is one statement on a connection of a pool."""
    statement, order = bare(ENQUEUE_KEYLESS)
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:

        async def many(payloads: Sequence[str]) -> object:
            n = len(payloads)
            columns: dict[str, list[Any]] = {"queues": [QUEUE] * n, "kinds": [KIND] * n, "payloads": list(payloads)}
            columns |= {"priorities": [0] * n, "limits": [5] * n}
            columns |= {"run_ats": [None] * n, "traces": [None] * n}
            return await pool.fetch(statement, *order(columns))

        async def one(payload: str) -> object:
            return await many([payload])

        await send(one, many, words)


if __name__ == "__main__":
    if sys.argv[2] == "work":
        uvloop.run(work(sys.argv[1], int(sys.argv[3])))
    else:
        uvloop.run(sending(sys.argv[1], sys.argv[3:]))
