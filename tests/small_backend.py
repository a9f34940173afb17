"""A small backend that keeps everything in memory and speaks the API over a real port and a real Unix socket."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec
import uvicorn
from msgspec import structs
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from graveshift.wire.page import Page
from graveshift.wire.plans import NewPlan, RunPlan
from graveshift.wire.problem import Problem
from graveshift.wire.runs import Item, Outcome
from tests.small_things import NOW, Refused, Things, found
from tests.waiting import until_now

TOKEN = "gs_1_small"


class SmallBackend:
    """What was asked lies in `asked`, `queries` and `bodies`; each entry of `trouble` spoils one request."""

    def __init__(self, folder: Path) -> None:
        self.things = Things()
        self.asked: list[tuple[str, str]] = []
        self.queries: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.trouble: list[str] = []
        self.listeners: list[asyncio.Queue[str | None]] = []
        self.last_event_ids: list[str | None] = []
        self._events = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._socket = folder / "small.sock"
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(str(self._socket))
        self._unix.listen()
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.unix_url = f"unix:{self._socket}"
        config = uvicorn.Config(
            self, log_level="critical", ws="none", lifespan="off", timeout_graceful_shutdown=1, loop="asyncio"
        )
        self._server = uvicorn.Server(config)
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def running(self) -> Iterator["SmallBackend"]:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        until_now(lambda: self._server.started, what="the small backend listens")
        try:
            yield self
        finally:
            self.hang_up()
            self._server.should_exit = True
            thread.join(10)
            self._listening.close()
            self._unix.close()

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve([self._listening, self._unix])

        asyncio.run(serve())

    def hint(self, resource: str) -> None:
        self._events += 1
        data = msgspec.json.encode({"resource": resource, "ids": None}).decode()
        self._tell(f"id: {self._events}\nevent: hint\ndata: {data}\n\n")

    def hang_up(self) -> None:
        self._tell(None)

    def _tell(self, text: str | None) -> None:
        assert self._loop is not None
        for listener in list(self.listeners):
            self._loop.call_soon_threadsafe(listener.put_nowait, text)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        assert scope["type"] == "http"
        asked = Asked(
            scope["method"],
            scope["raw_path"].decode(),
            dict(parse_qsl(scope["query_string"].decode())),
            {name.decode(): value.decode() for name, value in scope["headers"]},
            await _body(receive),
        )
        self.asked.append((asked.method, asked.path))
        self.queries.append(asked.query)
        self.bodies.append(asked.body)
        trouble = self.trouble.pop(0) if self.trouble else ""
        try:
            await self._respond(asked, trouble, send)
        except Refused as refused:
            problem = Problem("about:blank", refused.code, refused.status, refused.code, refused.detail)
            await _answer(send, refused.status, msgspec.json.encode(problem))

    async def _respond(self, asked: "Asked", trouble: str, send: ASGISendCallable) -> None:
        if trouble == "unavailable":
            raise Refused(503, "database-unavailable", "the database does not answer")
        if trouble != "proxy" and asked.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "unauthenticated", "a valid bearer token is needed")
        if trouble == "proxy":
            await _answer(send, 502, b"<html>bad gateway</html>")
        elif asked.path == "/v1/events":
            await self._stream(send, asked.headers.get("last-event-id"))
        elif trouble == "garbage":
            await _answer(send, 200, b'{"half": ')
        else:
            parts = [unquote(part) for part in asked.path.split("/")[2:]]
            status, answer = (self._post if asked.method == "POST" else self._get)(parts, asked)
            await _answer(send, status, msgspec.json.encode(answer), whole=trouble != "lost answer")

    async def _stream(self, send: ASGISendCallable, last_id: str | None) -> None:
        mine: asyncio.Queue[str | None] = asyncio.Queue()
        self.last_event_ids.append(last_id)
        head: Any = {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/event-stream")],
        }
        await send(head)
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        self.listeners.append(mine)
        while (text := await mine.get()) is not None:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
        self.listeners.remove(mine)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _get(self, parts: list[str], asked: "Asked") -> tuple[int, object]:
        match parts:
            case ["dlq" | "runs" as name]:
                return 200, Page([], NOW) if name == "runs" else self.things.page(asked.query)
            case ["dlq", id]:
                return 200, found({one.id: one for one in self.things.letters}, id)
            case ["runs", id]:
                return 200, self.things.step(id)
            case ["runs", id, "items"] if id in self.things.runs:
                return 200, Page([Item("native:1", Outcome.MOVED, job_id="native:j1")], NOW)
            case ["operations"]:
                return 200, self.things.operations()
            case ["plans", id]:
                return 200, structs.replace(found(self.things.plans, id), arrived_since=37)
        raise Refused(404, "not-found", f"there is no such thing: {asked.path}")

    def _post(self, parts: list[str], asked: "Asked") -> tuple[int, object]:
        match parts:
            case ["plans"]:
                return 201, self.things.plan(msgspec.json.decode(asked.body, type=NewPlan))
            case ["plans", id, "run"]:
                wish = msgspec.json.decode(asked.body, type=RunPlan)
                return 202, self.things.start(id, asked.headers.get("idempotency-key"), wish)
            case ["runs", id, act]:
                return 202, self.things.steer(id, act)
        raise Refused(404, "not-found", f"there is no such thing: {asked.path}")


class Asked(NamedTuple):
    """One request; `path` as it was encoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


async def _body(receive: ASGIReceiveCallable) -> bytes:
    body = b""
    while True:
        message: Any = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _answer(send: ASGISendCallable, status: int, body: bytes, *, whole: bool = True) -> None:
    """With `whole` False the connection breaks after the head."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    head: Any = {"type": "http.response.start", "status": status, "headers": headers}
    await send(head)
    if whole:
        await send({"type": "http.response.body", "body": body, "more_body": False})
