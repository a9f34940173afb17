"""Hints to a browser or a console, as server-sent events."""

from collections.abc import AsyncIterator
from time import monotonic

import msgspec
from litestar.response import Stream

from graveshift.api.endpoint import Call
from graveshift.errors import GraveshiftError
from graveshift.events import Event, Subscriber

KEEP_ALIVE_S = 15.0
LOOK_S = 0.5
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def events(call: Call) -> Stream:
    """Endless: until the client leaves, the service stops or the token is taken back."""
    return Stream(_stream(call), media_type="text/event-stream", headers=HEADERS)


async def _stream(call: Call) -> AsyncIterator[bytes]:
    last = call.request.headers.get("last-event-id", "")
    known = int(last) if last.isascii() and last.isdigit() and len(last) <= 19 else None
    with call.rooms.hub.subscribe(-1 if last and known is None else known) as subscriber:
        yield b": listening\n\n"
        async for chunk in _chunks(call, subscriber):
            yield chunk


async def _chunks(call: Call, subscriber: Subscriber) -> AsyncIterator[bytes]:
    said = monotonic()
    while not call.closing.is_set() and await _still_allowed(call):
        event = await subscriber.next(LOOK_S)
        if event is not None:
            said = monotonic()
            yield _told(event)
        elif monotonic() - said >= KEEP_ALIVE_S:
            said = monotonic()
            yield b": still here\n\n"


async def _still_allowed(call: Call) -> bool:
    try:
        await call.readmit()
    except GraveshiftError as error:
        return error.status == 503
    return True


def _told(event: Event) -> bytes:
    name = "resync" if event.hint.resource == "*" else "hint"
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, name.encode(), msgspec.json.encode(event.hint))
