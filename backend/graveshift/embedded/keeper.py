"""The keeper: sees to it that a private server that died is started again."""

import asyncio
from contextlib import suppress

import structlog

from graveshift.errors import GraveshiftError

from .server import Server, Wish, start, status

EVERY_S = 1.0
LONGEST_S = 30.0

log = structlog.get_logger(__name__)


async def keep(wish: Wish, stop: asyncio.Event) -> None:
    """Until `stop` is set; then a start under way is waited for, so that no server is left behind.

    Several processes may keep one server: the first starts it, and the others adopt it.
    """
    failures = 0
    while not stop.is_set():
        await _pause(stop, min(LONGEST_S, EVERY_S * 2.0 ** min(failures, 16)))
        if stop.is_set() or await asyncio.to_thread(_is_running, wish):
            failures = 0
            continue
        try:
            server = await asyncio.to_thread(start, wish)
        except Exception as error:  # whatever it is: the children of a killed server may hold its memory for a moment
            failures += 1
            log.error("postgres_not_restarted", failures=failures, error=str(error))
        else:
            failures = 0
            _tell(server)


def _is_running(wish: Wish) -> bool:
    """A data directory that cannot be read is no sign of life."""
    try:
        return status(wish.home).running
    except (GraveshiftError, OSError):
        return False


def _tell(server: Server) -> None:
    if not server.adopted:
        log.warning("postgres_restarted", pid=server.pid)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
