"""F20: a job that kills its workers is poison, and payloads that no decoder likes come through whole or not at all."""

import asyncio
import hashlib

from sqlalchemy import text

from graveshift.errors import Invalid
from graveshift.library import connect
from graveshift.producer import new_job
from tests.faults.callers import callers
from tests.faults.producer import QUEUE
from tests.faults.scene import Scene, Stage, play

SUICIDES = text("SELECT error_type FROM graveshift.dead WHERE id = :id")
MEGABYTE = 1_000_000
PAYLOADS: dict[str, bytes] = {
    "NUL": b'"\\u0000"',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "escapes": b'"\\u001b]52;c;aGk=\\u0007"',
    "ten megabytes": b'"' + b"x" * 10 * MEGABYTE + b'"',
    "a deep list": b"[" * 900 + b"]" * 900,
    "a number beyond all floats": b'{"n": 1e999, "n": 123456789012345678901234567890}',
    "a far too deep list": b"[" * 200_000 + b"]" * 200_000,
    "bad UTF-8": b'"\xff\xfe"',
    "half of a text": b'{"a": "',
    "a raw NUL": b'"\x00"',
    "nothing": b"",
}


async def hostile_payloads(stage: Stage) -> str:
    """AssertionError where a payload was changed, broke something, or a bystander died of the poison."""
    weights: dict[int, str] = {}

    async def inject(scene: Scene) -> None:
        async with connect(stage.url) as producer:
            poison = await producer.enqueue(QUEUE, "suicide", {}, max_attempts=20, trace_id="poison")
            scene.record.acked[poison] = "poison"
            for name, payload in PAYLOADS.items():
                try:
                    job = new_job(QUEUE, "weigh", payload, trace_id=name)
                    (id,) = await producer.enqueue_many([job])
                except Invalid:
                    continue
                scene.record.acked[id] = name
                weights[id] = hashlib.sha256(payload).hexdigest()
        await _over_http(scene)

        async def buried() -> bool:
            rows = await scene.rows(SUICIDES, id=poison)
            assert all(row.error_type == "poison" for row in rows), rows
            return bool(rows)

        await scene.until("the poison is buried", buried, within=90)

    async def weighed(scene: Scene) -> None:
        traces = await asyncio.to_thread(scene.traces)
        for id, weight in weights.items():
            assert [trace.more for trace in traces.of(id, "effect")] == [weight], scene.record.acked[id]
        assert len(weights) > 3, weights
        assert (await scene.rows(text("SELECT count(*) FROM graveshift.dead")))[0][0] == 1, "a bystander died"

    return await play(Scene(stage, replaces=True), inject, weighed)


async def _over_http(scene: Scene) -> None:
    """Each is taken or refused in words, and the backend answers the next."""
    assert scene.backend is not None
    async with callers(scene.engine, scene.backend, "ann") as (ann,):
        for name, payload in PAYLOADS.items():
            body = b'{"queue": "%s", "kind": "unknown", "payload": %s}' % (b"aside", payload or b" ")
            answer = await ann.client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in (201, 413, 422), (name, answer.status_code, answer.text[:300])
        await _clear(scene)


async def _clear(scene: Scene) -> None:
    """What came in over HTTP is nobody's record: it is taken out again."""
    async with scene.engine.begin() as connection:
        await connection.execute(text("DELETE FROM graveshift.jobs WHERE queue = 'aside' AND state <> 'running'"))
