"""The whole way back and forth: all letters requeued and recalled with the full ledger, beside a bare move loop."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import psycopg
from msgspec import Struct

from graveshift import connect
from graveshift.wire.runs import Run, RunState
from tests.bench.million.served import Served
from tests.bench.report import Figure
from tests.bench.requeue import BARE, CHUNK, FILL

REQUEUE_S, UNDO_S, LONGEST_MS, LIVE = 30_000.0, 15_000.0, 200.0, 0.5
BARE_SHARE, SENDERS, LOOK_S, LIVE_S, BEGUN = 10, 10, 0.2, 5.0, 0.2
FORGET = "SELECT pg_stat_statements_reset()"
LONGEST = """
SELECT max_exec_time, left(regexp_replace(query, '\\s+', ' ', 'g'), 120) FROM pg_stat_statements
WHERE query !~* 'vacuum|analyze|pg_stat_statements' ORDER BY max_exec_time DESC LIMIT 1
"""


class Course(Struct, frozen=True):
    """A run that ended: letters a second beside nothing else, and jobs a second that were enqueued meanwhile."""

    run: Run
    rate: float
    live: float | None
    longest_ms: float
    longest: str


async def moved(on: Served) -> list[Figure]:
    """Statements are timed by the server; live traffic is all that ten senders get through, alone and beside a run."""
    bare = await asyncio.to_thread(_bare, on.server.dsn, on.letters // BARE_SHARE)
    alone = await _sent(on, LIVE_S)
    order = {"selection": {"filter": {"died_before": "2100-01-01T00:00:00Z"}}, "rate": "unlimited"}
    requeue = await _carried(on, "dlq.requeue", order, live=True)
    undo = await _carried(on, "run.undo", {"run": requeue.run.id}, live=False)
    assert requeue.run.moved == undo.run.moved == on.letters, (requeue.run, undo.run)
    assert requeue.live is not None
    print(f"longest statement of the requeue: {requeue.longest}\nlongest statement of the undo: {undo.longest}")
    return [
        Figure("bare move", bare, "/s"),
        Figure("requeue, full ledger", requeue.rate, "/s", REQUEUE_S, at_least=True),
        Figure("requeue to bare move", requeue.rate / bare, "x"),
        Figure("requeue: longest statement", requeue.longest_ms, "ms", LONGEST_MS),
        Figure("undo, full ledger", undo.rate, "/s", UNDO_S, at_least=True),
        Figure("undo to requeue", undo.rate / requeue.rate, "x"),
        Figure("undo: longest statement", undo.longest_ms, "ms", LONGEST_MS),
        Figure("enqueue without a run", alone, "/s"),
        Figure("enqueue while a run is unlimited, to without", requeue.live / alone, "x", LIVE, at_least=True),
    ]


def _bare(dsn: str, letters: int) -> float:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(FILL, (letters, "bare"))
        begun = time.monotonic()
        for _ in range(letters // CHUNK):
            connection.execute(BARE, (CHUNK,))
        return letters / (time.monotonic() - begun)


async def _carried(on: Served, operation: str, args: dict[str, Any], *, live: bool) -> Course:
    """Through plan, question and run. The time that live traffic takes is left out of the rate."""
    await asyncio.to_thread(_asked, on.server.superuser_dsn, FORGET)
    plan = _good(await on.api.post("/v1/plans", json={"operation": operation, "args": args})).json()
    sent = {"Idempotency-Key": uuid4().hex}
    body = {"phrase": plan["phrase"], "reason": "bench"}
    id = _good(await on.api.post(f"/v1/plans/{plan['id']}/run", json=body, headers=sent)).json()["id"]
    begun = await _until(on, id, 1)
    rate, lasted, through = None, 0.0, 0
    if live:
        first = await _until(on, id, int(BEGUN * on.letters))
        rate = await _sent(on, LIVE_S)
        at = await _seen(on, id)
        lasted, through = at[0] - first[0], at[1].handled - first[1].handled
    ended = await _until(on, id, on.letters)
    _, run = await _until(on, id, on.letters + 1)
    assert run.state is RunState.SUCCEEDED, run
    spent = ended[0] - begun[0] - lasted
    longest = await asyncio.to_thread(_asked, on.server.superuser_dsn, LONGEST)
    return Course(run, (ended[1].handled - begun[1].handled - through) / spent, rate, *longest)


async def _until(on: Served, id: str, handled: int) -> tuple[float, Run]:
    """The run at the moment at which so many had an outcome, or it had ended."""
    while True:
        at, run = await _seen(on, id)
        if run.handled >= handled or not run.state.is_live:
            return at, run
        await asyncio.sleep(LOOK_S)


async def _seen(on: Served, id: str) -> tuple[float, Run]:
    run = _good(await on.api.get(f"/v1/runs/{id}")).content
    return time.monotonic(), msgspec.json.decode(run, type=Run)


async def _sent(on: Served, seconds: float) -> float:
    """Jobs a second that ten senders get through."""
    sent, until = 0, time.monotonic() + seconds
    async with connect(on.server.url) as producer:

        async def send() -> int:
            n = 0
            while time.monotonic() < until:
                await producer.enqueue("live", "send")
                n += 1
            return n

        sent = sum(await asyncio.gather(*(send() for _ in range(SENDERS))))
    return sent / seconds


def _asked(dsn: str, statement: str) -> tuple[Any, ...]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row


def _good(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, answer.text
    return answer
