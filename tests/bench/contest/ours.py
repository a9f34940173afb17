"""Our side: the public producer here, and the real `graveshift worker` with these handlers."""

import sys
from collections.abc import Mapping, Sequence

import uvloop

import graveshift
from graveshift import Job
from graveshift.worker.handlers import Run
from tests.bench.contest import marks
from tests.bench.contest.sending import send

QUEUE, KIND = "bench", "noop"


async def noop(job: Job) -> None:
    """Nothing, and when."""
    marks.ran(job.data.get("t"))


HANDLERS: Mapping[str, Run] = {KIND: noop}


async def main(url: str, words: Sequence[str]) -> None:
    """Send."""
    async with graveshift.connect(url) as producer:

        async def one(payload: str) -> object:
            return await producer.enqueue(QUEUE, KIND, payload)

        async def many(payloads: Sequence[str]) -> object:
            return await producer.enqueue_many([graveshift.new_job(QUEUE, KIND, payload) for payload in payloads])

        await send(one, many, words)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[3:]))
