"""Whether this backend can do its work, for a load balancer and for people."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from litestar import Response

from graveshift import __version__
from graveshift.api.endpoint import Call
from graveshift.api.ports import Rooms
from graveshift.errors import GraveshiftError
from graveshift.wire.health import Check, Health

PATIENCE_S = 5.0


async def public(call: Call) -> Response[bytes]:
    """The status and what fails: 200 or 503."""
    return await unrecognised(call.rooms)


async def detail(call: Call) -> Response[bytes]:
    """The same with each check."""
    return _response(await _health(call.rooms))


async def unrecognised(rooms: Rooms) -> Response[bytes]:
    """The same for somebody whose token cannot be looked up, because the database does not answer."""
    health = await _health(rooms)
    return _response(Health(health.status, __version__, [check for check in health.checks if not check.ok]))


async def _health(rooms: Rooms) -> Health:
    checks = list(await asyncio.gather(*(_checked(check) for check in rooms.checks)))
    return Health("ok" if all(check.ok for check in checks) else "failing", __version__, checks)


async def _checked(check: Callable[[], Awaitable[Check]]) -> Check:
    name = getattr(check, "__name__", "check").strip("_")
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await check()
    except TimeoutError:
        return Check(name, False, f"no answer within {PATIENCE_S:g} s")
    except GraveshiftError as error:
        return Check(name, False, (type(error).__doc__ or "").strip())


def _response(health: Health) -> Response[bytes]:
    status = 200 if health.status == "ok" else 503
    return Response(msgspec.json.encode(health), status_code=status, media_type="application/json")
