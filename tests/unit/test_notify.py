"""Whoever is told of a run: each by a line of its own, with patience, and never at the cost of who tells."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
import structlog

from graveshift.bootstrap.herald import herald_of
from graveshift.drip import NotifierSettings, ProbeSettings
from graveshift.notifiers.log import LogNotifier
from graveshift.notifiers.webhook import WebhookNotifier
from graveshift.notify import KEPT, Herald, Notice
from tests.waiting import until

NOTICE = Notice(
    event="run-stopped", environment="PROD", run="81", operation="dlq.requeue", actor="ana", words="paused by itself"
)


class Hook:
    """A server that takes notices; `answers` are what it says in turn, the last one for ever."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.got: list[bytes] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if b"content-length" in line)
        self.got.append(await reader.readexactly(length))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        writer.write(f"HTTP/1.1 {status} x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


def webhook(url: str, tries: int = 3) -> WebhookNotifier:
    return WebhookNotifier("chat", url, timeout_s=2, tries=tries, again_s=0.01)


async def test_a_webhook_gets_the_notice_as_json() -> None:
    hook = Hook(204)
    async with hook.listening() as url:
        await webhook(url).notify(NOTICE)
    assert [msgspec.json.decode(body, type=Notice) for body in hook.got] == [NOTICE]


async def test_a_webhook_tries_again_and_then_gives_up() -> None:
    hook = Hook(503, 500, 200)
    async with hook.listening() as url:
        await webhook(url).notify(NOTICE)
        assert len(hook.got) == 3
        hook.answers = [503]
        with pytest.raises(httpx.HTTPError):
            await webhook(url, tries=2).notify(NOTICE)
    assert len(hook.got) == 5


async def test_a_redirect_is_no_answer_and_a_proxy_of_the_environment_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    hook = Hook(302)
    async with hook.listening() as url:
        with pytest.raises(httpx.HTTPError):
            await webhook(url, tries=1).notify(NOTICE)
    assert len(hook.got) == 1


class Deaf:
    """A notifier that never comes back."""

    name = "deaf"

    async def notify(self, notice: Notice) -> None:
        await asyncio.Event().wait()


class Broken:
    """A notifier that breaks each time."""

    name = "broken"

    async def notify(self, notice: Notice) -> None:
        raise OSError("no route")


class Good:
    """A notifier that hears."""

    name = "good"

    def __init__(self) -> None:
        self.heard: list[Notice] = []

    async def notify(self, notice: Notice) -> None:
        self.heard.append(notice)


async def test_one_that_is_deaf_or_broken_holds_up_no_other_and_nobody_who_tells() -> None:
    good, stop = Good(), asyncio.Event()
    herald = Herald([Deaf(), Broken(), good])
    task = asyncio.create_task(herald.run_forever(stop))
    with structlog.testing.capture_logs() as logs:
        for _ in range(KEPT + 10):
            herald.tell(NOTICE)
            await asyncio.sleep(0)
        await until(lambda: len(good.heard) == KEPT + 10)
        await until(lambda: sum(line["event"] == "notice_not_told" for line in logs) == KEPT + 10)
    assert {line["notifier"] for line in logs if line["event"] == "notice_forgotten"} == {"deaf"}
    stop.set()
    await asyncio.wait_for(task, 2)


async def test_the_log_is_told_by_its_own_event() -> None:
    with structlog.testing.capture_logs() as logs:
        await LogNotifier("log").notify(NOTICE)
    assert (logs[0]["event"], logs[0]["run"], logs[0]["words"]) == ("run_notice", "81", "paused by itself")


def test_nobody_is_told_by_default_and_each_kind_is_made_of_its_settings() -> None:
    herald_of({}).tell(NOTICE)
    herald_of({"a": NotifierSettings("log"), "b": NotifierSettings("webhook", "https://chat.example/x")}).tell(NOTICE)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: NotifierSettings("webhook"),
        lambda: NotifierSettings("log", "https://chat.example"),
        lambda: NotifierSettings("webhook", "file:///etc/passwd"),
        ProbeSettings,
        lambda: ProbeSettings(url="ftp://x"),
        lambda: ProbeSettings(url="https://x", host="y", port=1),
        lambda: ProbeSettings(host="y"),
    ],
)
def test_settings_that_could_not_work_are_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError, match=r"^(url|port): "):
        wrong()
