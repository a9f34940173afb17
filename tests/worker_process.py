"""A worker process for tests: handlers that leave traces in files, and settings from the command line."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from graveshift.drivers.postgres import PostgresQueue
from graveshift.log import configure
from graveshift.settings import WorkerSettings
from graveshift.store.engine import create_engine
from graveshift.worker import Job, Worker, serve


def _note(job: Job, word: str) -> None:
    with Path(job.data["log"]).open("a") as log:
        log.write(f"{word} {os.getpid()} {job.id}\n")


def nap(job: Job) -> None:
    """Ends when its file `go` is there; looks at nothing else."""
    _note(job, "began")
    while not Path(job.data["go"]).exists():
        time.sleep(0.01)
    _note(job, "ended")


async def rest(job: Job) -> None:
    """The same on the loop."""
    _note(job, "began")
    go = Path(job.data["go"])
    while not await asyncio.to_thread(go.exists):  # noqa: ASYNC110 the file is another process's word
        await asyncio.sleep(0.01)
    _note(job, "ended")


async def stubborn(job: Job) -> None:
    """Takes no cancellation."""
    _note(job, "began")
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            _note(job, "refused")


def suicide(job: Job) -> None:
    """Kills its worker."""
    _note(job, "began")
    os._exit(9)


HANDLERS = {"nap": nap, "rest": rest, "stubborn": stubborn, "suicide": suicide}


async def main(arguments: dict[str, Any]) -> int:
    engine = create_engine(arguments.pop("url"))
    queue = PostgresQueue(engine)
    lease_s = arguments.pop("lease_s")
    worker = Worker(queue.work, HANDLERS, settings=WorkerSettings(**arguments), lease_s=lease_s, version="test 1")
    code = await serve(worker)
    await queue.close()
    await engine.dispose()
    return code


if __name__ == "__main__":
    configure()
    sys.exit(asyncio.run(main(json.loads(sys.argv[1]))))
