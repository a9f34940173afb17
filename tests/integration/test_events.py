"""Hints: they come soon after a change, are remembered for a while, and cost nothing while nobody listens."""

import asyncio
import json
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from graveshift.api import stream
from graveshift.events import RESYNC, WAITING, Hub, Marks
from graveshift.wire.hints import Hint
from graveshift.wire.operations import Role
from tests.api_service import ROOT, serving
from tests.waiting import until


class Counted:
    """Marks that a test sets, and how often they were asked for."""

    def __init__(self) -> None:
        self.now: dict[str, Mapping[str, Hashable]] = {"queues": {"a": 1}}
        self.asked = 0

    async def __call__(self) -> Marks:
        self.asked += 1
        return dict(self.now)


@asynccontextmanager
async def listening(
    client: httpx.AsyncClient, last_id: str | None = None
) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with aconnect_sse(client, "GET", "/v1/events", headers=headers) as source:
        yield source.aiter_sse()


async def following(events: AsyncIterator[ServerSentEvent], resource: str) -> ServerSentEvent:
    async with asyncio.timeout(5):
        async for event in events:
            if json.loads(event.data)["resource"] == resource:
                return event
    raise AssertionError("the stream ended")


async def test_a_hint_follows_an_enqueue(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as client, listening(client) as events:
        await until(lambda: service.hub.listeners)
        await asyncio.sleep(0.3)  # the first marks are what later ones are compared with
        started = monotonic()
        await client.post("/v1/jobs", json={"queue": "mail", "kind": "send"})
        event = await following(events, "queues")
        assert json.loads(event.data) == {"resource": "queues", "ids": ["native:mail"]}
        assert event.event == "hint"
        assert monotonic() - started < 2
        again = await following(events, "jobs")
        assert int(again.id) > 0


async def test_a_known_id_continues_and_an_unknown_one_resyncs(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as client, listening(client) as events:
        await until(lambda: service.hub.listeners)
        for name in ("one", "two", "three"):
            service.hub.publish(Hint(name))
        first = await following(events, "one")
        async with listening(client, first.id) as again:
            assert [json.loads((await anext(again)).data)["resource"] for _ in range(2)] == ["two", "three"]
        for unknown in ("5", "99999999999999999", "x", "-1"):
            async with listening(client, unknown) as other:
                assert (await anext(other)).event == "resync"


async def test_a_revoked_token_ends_the_stream(database: str, tmp_path: Path) -> None:
    viewer = Role.VIEWER
    async with serving(database, tmp_path) as service, service.client(viewer) as client, listening(client) as events:
        await until(lambda: service.hub.listeners)
        token = next(token for token in await service.tokens.list() if token.role is viewer)
        await service.tokens.revoke(token.id, ROOT)
        async with asyncio.timeout(5):
            assert [event async for event in events if event.event != "hint"] == []


async def test_an_open_stream_does_not_hold_up_a_stop(database: str, tmp_path: Path) -> None:
    service = serving(database, tmp_path, graceful_s=5)
    async with service as up, up.client() as client, listening(client) as events:
        await until(lambda: up.hub.listeners)
        started = monotonic()
        up.stop.set()
        async with asyncio.timeout(4):
            assert all([event.event == "hint" async for event in events])
        assert monotonic() - started < 3


async def test_a_quiet_stream_is_kept_alive(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "KEEP_ALIVE_S", 0.1)
    seen = b""
    service = serving(database, tmp_path)
    async with service as up, up.client() as client, client.stream("GET", "/v1/events") as answer, asyncio.timeout(10):
        chunks = answer.aiter_bytes()
        while seen.count(b": still here\n\n") < 2:
            seen += await anext(chunks)


async def test_nothing_is_asked_while_nobody_listens() -> None:
    marks = Counted()
    hub = Hub(marks, every_s=0.01)
    with hub.subscribe():
        await until(lambda: marks.asked > 2)
    await until(lambda: hub.listeners == 0)
    await asyncio.sleep(0.05)
    seen = marks.asked
    await asyncio.sleep(0.1)
    assert marks.asked == seen
    await hub.close()


async def test_many_changes_between_two_looks_are_one_hint() -> None:
    marks = Counted()
    hub = Hub(marks, every_s=0.05)
    with hub.subscribe() as subscriber:
        await until(lambda: marks.asked)
        for n in range(10):
            marks.now["queues"] = {"a": n + 5, "b": n}
        event = await subscriber.next(2)
        assert event is not None
        assert event.hint == Hint("queues", ["a", "b"])
        assert await subscriber.next(0.2) is None
    await hub.close()


async def test_a_listener_that_is_too_slow_gets_one_resync() -> None:
    hub = Hub(Counted(), every_s=10)
    with hub.subscribe() as subscriber:
        for n in range(WAITING + 1):
            hub.publish(Hint(str(n)))
        event = await subscriber.next(1)
        assert event is not None
        assert event.hint == RESYNC
        assert await subscriber.next(0.05) is None
    await hub.close()


async def test_marks_that_fail_say_resync_and_the_hub_lives_on() -> None:
    marks = Counted()
    broken = True

    async def sometimes() -> Marks:
        if broken:
            raise RuntimeError("away")
        return await marks()

    hub = Hub(sometimes, every_s=0.01)
    hub.back_off_s = 0.02
    with hub.subscribe() as subscriber:
        event = await subscriber.next(1)
        assert event is not None
        assert event.hint == RESYNC
        broken = False
        await until(lambda: marks.asked)
    await hub.close()
