"""A drip watches what it moved: it slows down, pauses itself with a reason, and an operator's word counts more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import structs

from graveshift.drip import ProbeSettings
from graveshift.notify import Notice
from graveshift.wire.runs import Run, RunState
from tests.drips import BEN, REQUEUE, Downstream, resume, working
from tests.front import ALL, Front, true

QUICK = {"minimum": 5, "settle_s": 0.5}


@pytest.fixture
def downstream() -> Downstream:
    return Downstream()


async def order(front: Front, rate: float | str, **guard: Any) -> Run:
    return await front.order(REQUEUE, {**ALL, "rate": rate, "guard": {**QUICK, **guard}})


async def test_it_pauses_itself_when_what_it_moved_fails_again(front: Front, downstream: Downstream) -> None:
    await front.letters(500)
    downstream.well = False
    told: list[Notice] = []
    run = await order(front, 50)
    async with front.running(tell=told.append), working(front, downstream):
        run = await front.becomes(run, RunState.PAUSED)
        assert run.halt is not None
        assert run.halt.startswith("paused by itself: 100% of ")
        assert run.halt.endswith(" first attempts failed")
        assert run.moved < 200
        assert [(one.event, one.run, one.words) for one in told] == [("run-stopped", run.id, run.halt)]
        assert ("run.pause", "graveshift", run.halt) in await deeds(front)
        downstream.well = True
        await resume(front, run)
        await front.wheel.rate(run.id, None, BEN)
        run = await front.ended(run)
    assert (run.state, run.moved, run.halt) == (RunState.SUCCEEDED, 500, None)
    assert ("run.resume", "ben") in [(operation, actor) for operation, actor, _ in await deeds(front)]


async def deeds(front: Front) -> list[tuple[str, str, str | None]]:
    return [(entry.operation, entry.actor, entry.reason) for entry in await front.record()]


async def test_it_slows_itself_down_and_recovers(front: Front, downstream: Downstream) -> None:
    await front.letters(400)
    downstream.well = False
    run = await order(front, 40, stop_ratio="off")
    async with front.running(), working(front, downstream):

        async def is_slowed() -> bool:
            return (await front.seen(run)).slowed is not None

        async def has_recovered() -> bool:
            return (await front.seen(run)).slowed is None

        await true(is_slowed)
        assert (await front.seen(run)).rate == 40
        downstream.well = True
        await true(has_recovered, within=30)
        words = [reason for operation, actor, reason in await deeds(front) if (operation, actor) == BY_ITSELF]
        assert words[0] is not None
        assert words[0].startswith("slowed by itself to 20/s: 100% of ")
        assert words[-1] == "back to 40/s by itself"
        await front.wheel.steer(run.id, "cancel", BEN)
        await front.ended(run)


BY_ITSELF = ("run.rate", "graveshift")


async def test_an_operators_rate_ends_its_own(front: Front, downstream: Downstream) -> None:
    await front.letters(400)
    downstream.well = False
    run = await order(front, 20, stop_ratio="off", settle_s=3600)
    async with front.running(), working(front, downstream):

        async def is_slowed() -> bool:
            return (await front.seen(run)).slowed == 10

        await true(is_slowed)
        faster = await front.wheel.rate(run.id, 5000, BEN)
        assert (faster.rate, faster.slowed) == (5000, None)
        await front.ended(run, within=5)


async def test_a_drip_tells_how_fast_it_is_while_it_begins_gently(front: Front) -> None:
    await front.letters(200)
    run = await order(front, 400)
    async with front.running():

        async def drips() -> bool:
            pace = (await front.seen(run)).pace
            return pace is not None and 10 <= pace < 400

        await true(drips)
        seen = await front.ended(run)
    assert (seen.pace, seen.rate) == (None, 400), "what has ended drips nothing"


async def test_a_queue_that_falls_behind_slows_it(front: Front) -> None:
    await front.letters(400)
    run = await order(front, 20, slow_age_s=1.5)
    async with front.running():

        async def is_slowed() -> bool:
            return (await front.seen(run)).slowed is not None

        await true(is_slowed)
        assert any(reason and "the oldest job of queue mail waits for" in reason for *_, reason in await deeds(front))


async def test_a_paused_queue_says_nothing_of_its_age(front: Front) -> None:
    await front.letters(60)
    await front.bench.pause("mail")
    run = await order(front, 20, slow_age_s=0.5, stop_age_s=1)
    async with front.running():
        run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 60)
    assert not [actor for _, actor, _ in await deeds(front) if actor == "graveshift"]


async def test_it_goes_behind_live_traffic_whatever_its_priority(front: Front) -> None:
    await front.letters(5, priority=100)
    run = await front.order(REQUEUE, {**ALL, "rate": "unlimited"})
    async with front.running():
        await front.ended(run)
    await front.bench.put("1", "2", priority=-100)
    claimed = [(job.priority, job.run_id) for job in await front.bench.take(7)]
    assert claimed == [(-100, None)] * 2 + [(100, int(run.id))] * 5


@asynccontextmanager
async def answering(status: int) -> AsyncIterator[int]:
    """A server that gives every request this answer; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} x\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


@pytest.mark.parametrize("kind", ["http", "redirect", "tcp"])
async def test_a_probe_that_fails_pauses_it(front: Front, kind: str) -> None:
    await front.letters(200)
    async with answering(302 if kind == "redirect" else 503) as port:
        settings = ProbeSettings(url=f"http://127.0.0.1:{port}/health", interval_s=0.1, failures=2)
        if kind == "tcp":
            settings = ProbeSettings(host="127.0.0.1", port=1, interval_s=0.1, failures=2)
        front.world = structs.replace(front.world, probes={"bank": settings})
        run = await order(front, 10, probe="bank")
        async with front.running():
            run = await front.becomes(run, RunState.PAUSED)
    assert run.halt is not None
    assert run.halt.startswith("paused by itself: probe bank failed ")
    assert run.halt.endswith({"http": "answered 503, not 200", "redirect": "answered 302, not 200"}.get(kind, ")"))


async def test_a_probe_that_is_well_lets_it_go(front: Front) -> None:
    await front.letters(20)
    async with answering(200) as port:
        well = ProbeSettings(url=f"http://127.0.0.1:{port}/", interval_s=0.1, failures=1)
        front.world = structs.replace(front.world, probes={"bank": well})
        run = await order(front, 15, probe="bank")
        async with front.running():
            run = await front.ended(run)
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 20)


async def test_a_stop_holds_within_a_second_at_the_slowest_rate(front: Front) -> None:
    await front.letters(20)
    run = await order(front, 0.01)
    async with front.running():
        await true(lambda: has_moved(front, run))
        await front.wheel.steer(run.id, "cancel", BEN)
        await true(lambda: is_over(front, run), within=1.5)


async def has_moved(front: Front, run: Run) -> bool:
    return (await front.seen(run)).moved > 0


async def is_over(front: Front, run: Run) -> bool:
    return (await front.seen(run)).state is RunState.CANCELLED
