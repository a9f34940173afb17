"""The customers' server that webhooks are delivered to: a real HTTP server that can be told to fail."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import msgspec
import uvicorn
from msgspec import Struct

from graveshift.signature import verifies
from graveshift.vault import Secret

Keys = Callable[[], Awaitable[Sequence[Secret]]]
Message = dict[str, Any]

HANG_S = 60.0
SIGNATURE = b"x-graveshift-signature"


class Mode(StrEnum):
    """How the server behaves: `fail` drops the connection, `hang` never answers, the rest answer with that status."""

    OK = "ok"
    FAIL = "fail"
    HANG = "hang"
    UNAUTHORIZED = "401"
    ERROR = "500"


class Wanted(Struct, frozen=True):
    """The body of `PUT /mode`."""

    mode: Mode


class Downstream:
    """An ASGI application. Deliveries go to `POST /hooks/<customer>`; `partner-x` answers 401 in every mode.

    A delivery must carry an HMAC-SHA256 of its body by one of the `keys` that verify now.
    """

    def __init__(self, keys: Keys, mode: Mode) -> None:
        self.mode = mode
        self.received = 0
        self._keys = keys
        self._first = mode

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        if scope["type"] != "http":
            return
        status, answer = await self._answer(scope, await _body(receive))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, scope: Message, body: bytes) -> tuple[int, bytes]:
        match scope["method"], scope["path"]:
            case "PUT", "/mode":
                return self._set_mode(body)
            case "GET", "/mode":
                return 200, msgspec.json.encode({"mode": self.mode, "received": self.received})
            case "POST", path if path.startswith("/hooks/"):
                return await self._deliver(path.removeprefix("/hooks/"), dict(scope["headers"]), body)
            case _:
                return 404, b'{"error": "no such thing"}'

    def _set_mode(self, body: bytes) -> tuple[int, bytes]:
        try:
            wanted = msgspec.json.decode(body, type=Wanted)
        except msgspec.MsgspecError as error:
            return 422, msgspec.json.encode({"error": str(error)})
        self.mode = wanted.mode
        return 200, msgspec.json.encode(wanted)

    async def _deliver(self, customer: str, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        if customer == "partner-x":
            return 401, b'{"error": "token expired"}'
        match self.mode:
            case Mode.OK:
                return await self._accept(headers.get(SIGNATURE, b"").decode(), body)
            case Mode.HANG:
                await asyncio.sleep(HANG_S)
                return 504, b"{}"
            case Mode.FAIL:
                raise ConnectionResetError("told to fail")
            case Mode.UNAUTHORIZED:
                return 401, b'{"error": "unauthorized"}'
            case Mode.ERROR:
                return 500, b'{"error": "internal error"}'

    async def _accept(self, signature: str, body: bytes) -> tuple[int, bytes]:
        if not verifies(await self._keys(), body, signature):
            return 403, b'{"error": "bad signature"}'
        self.received += 1
        return 204, b""


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def serve(downstream: Downstream, ready: asyncio.Future[int]) -> None:
    """Serve on a free port of loopback until cancelled; `ready` gets the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(downstream, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = _Quiet(config)
    ready.set_result(listener.getsockname()[1])
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()


class _Quiet(uvicorn.Server):
    """A server that leaves the signals to the process it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
