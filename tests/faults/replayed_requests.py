"""F18: the same request comes ten times at once, with one Idempotency-Key: it is carried out once."""

import asyncio

from graveshift.store.engine import create_engine
from tests.faults.backend import backend
from tests.faults.callers import Caller, callers
from tests.faults.killed_backend import check_moved
from tests.faults.scene import Stage
from tests.front import ALL, Front

REPLAYS = 10


async def replayed_requests(stage: Stage) -> str:
    """AssertionError where two runs came of one order, a letter was moved twice, or two jobs of one unique key."""
    engine = create_engine(stage.url)
    front = Front(engine, stage.folder)
    try:
        await front.letters(stage.jobs)
        async with backend(stage.url, stage.folder) as process, callers(engine, process, "ann") as (ann,):
            run = await _ordered(ann, f"key-{stage.seed}")
            await ann.ended(run)
            await check_moved(front, run, stage.jobs)
            await _enqueued(ann)
    finally:
        await front.queue.close()
        await engine.dispose()
    return f"{stage.jobs} letters moved once each by one run, {REPLAYS} times the order"


async def _ordered(ann: Caller, key: str) -> str:
    plan = await ann.plan("dlq.requeue", **ALL, rate="unlimited")
    answers = await asyncio.gather(*(ann.run(plan, key) for _ in range(REPLAYS)))
    assert {answer.status_code for answer in answers} == {202}, [answer.text for answer in answers]
    (run,) = {answer.json()["id"] for answer in answers}
    other = await ann.run(plan, key, reason="something else")
    assert (other.status_code, other.json()["code"]) == (422, "key-reused"), other.text
    again = await ann.run(plan, f"{key}-again")
    assert (again.status_code, again.json()["code"]) == (409, "plan-used"), again.text
    return str(run)


async def _enqueued(ann: Caller) -> None:
    job = {"queue": "once", "kind": "send", "payload": {}, "unique_key": "one"}
    answers = await asyncio.gather(*(ann.client.post("/v1/jobs", json=job) for _ in range(REPLAYS)))
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.json()["ids"][0] for answer in answers}) == 1
