"""How a request comes in: time limit, token, role, query and body, in that order; and how the answer goes out."""

import asyncio
from functools import partial
from time import perf_counter
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from msgspec import structs

from graveshift.api import bodies, problems, queries
from graveshift.api.auth import Doorman, source_of
from graveshift.api.endpoint import NOBODY, Call, Endpoint
from graveshift.api.meter import Meter
from graveshift.api.ports import Rooms
from graveshift.api.veil import veiled_aside
from graveshift.errors import DatabaseUnavailable, TimedOut
from graveshift.operation import Actor

Asked = Request[Any, Any, State]


class Door:
    """One for all endpoints of an app. `closing` ends what is endless."""

    def __init__(self, rooms: Rooms, meter: Meter) -> None:
        self._rooms = rooms
        self._doorman = Doorman(rooms.tokens)
        self._meter = meter
        self.closing = asyncio.Event()

    def route(self, endpoint: Endpoint) -> HTTPRouteHandler:
        """The Litestar handler of an endpoint."""

        async def handle(request: Asked) -> Response[Any]:
            started = perf_counter()
            response = await self._answered(endpoint, request)
            self._meter.count(endpoint.method, endpoint.template, response.status_code or 200, perf_counter() - started)
            return response

        return HTTPRouteHandler(endpoint.path, http_method=endpoint.method, status_code=endpoint.status)(handle)

    async def _answered(self, endpoint: Endpoint, request: Asked) -> Response[Any]:
        try:
            return await self._in_time(endpoint, request)
        except DatabaseUnavailable as error:
            return await endpoint.blind(self._rooms) if endpoint.blind else problems.answer(request, error)
        except Exception as error:
            return problems.answer(request, error)

    async def _in_time(self, endpoint: Endpoint, request: Asked) -> Response[Any]:
        limit = None if endpoint.endless else self._rooms.api.request_timeout_s
        timer = asyncio.timeout(limit)
        try:
            async with timer:
                answer = await endpoint.act(await self._let_in(endpoint, request))
        except TimeoutError as error:
            if timer.expired():
                raise TimedOut from error
            raise
        if isinstance(answer, Response):
            return answer
        return _encoded(endpoint, await veiled_aside(answer, self._rooms.redaction))

    async def _let_in(self, endpoint: Endpoint, request: Asked) -> Call:
        readmit = partial(self._admit, endpoint, request)
        return Call(
            rooms=self._rooms,
            actor=await readmit(),
            query=queries.read(request.scope["query_string"], endpoint.query),
            body=await bodies.take(request) if endpoint.takes else b"",
            path=request.path_params,
            request=request,
            closing=self.closing,
            readmit=readmit,
        )

    async def _admit(self, endpoint: Endpoint, request: Asked) -> Actor:
        if endpoint.role is None:
            return NOBODY
        actor = await self._doorman.admit(request.headers.get("authorization"), endpoint.role)
        return structs.replace(actor, source=source_of(request.headers.get("user-agent")))


def _encoded(endpoint: Endpoint, answer: Any) -> Response[bytes]:
    content = msgspec.json.encode(answer)
    return Response(content, status_code=endpoint.status, media_type=endpoint.media_type)
