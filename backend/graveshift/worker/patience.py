"""How long to wait: between polls that found nothing, and after a database that did not answer."""

import asyncio
import random
from contextlib import suppress

import structlog

POLL_FIRST_S, POLL_LAST_S = 0.002, 1.0
# How long a worker is deaf to a doorbell that rang for others: hardly, the first time, since a poll may have been
# quicker than the ring; and at the longest, where it goes on and on.
DEAF_FIRST_S, DEAF_LAST_S = 0.0002, 0.1
LOST_FIRST_S, LOST_LAST_S = 0.1, 5.0

_chance = random.SystemRandom()
_log = structlog.get_logger("graveshift.worker")


async def pause(seconds: float, unless: asyncio.Event) -> None:
    """Sleep, or less where the event comes first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await unless.wait()


async def first(*events: asyncio.Event, within_s: float | None = None) -> None:
    """Wait until one of the events is set, or the time is up."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Polls:
    """Each empty poll doubles the wait, jittered so that workers spread out; a find begins anew.

    A ring of the doorbell ends the wait, but after each that led to nothing the next is heard later.
    """

    def __init__(self) -> None:
        self.bell = asyncio.Event()
        self._wait_s = POLL_FIRST_S
        self._deaf_s = 0.0
        self._was_rung = False

    def found(self) -> None:
        """The last poll found something."""
        self._wait_s = POLL_FIRST_S
        self._deaf_s, self._was_rung = 0.0, False

    async def rest(self, unless: asyncio.Event) -> None:
        """Until the next poll, or the event."""
        if self._was_rung:
            self._deaf_s = min(DEAF_LAST_S, max(DEAF_FIRST_S, 2 * self._deaf_s))
        wait_s = self.next_s()
        deaf_s = min(wait_s, self._deaf_s)
        await pause(deaf_s, unless)
        await first(self.bell, unless, within_s=wait_s - deaf_s)
        self._was_rung = self.bell.is_set()
        self.bell.clear()

    def next_s(self) -> float:
        """Seconds until the next poll."""
        wait_s, self._wait_s = self._wait_s, min(POLL_LAST_S, self._wait_s * 2)
        return wait_s * _chance.uniform(0.5, 1.0)


class Losses:
    """Full jitter under a doubling limit, for ever; says once that the database is lost and once that it is back."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._failures = 0

    def back(self) -> None:
        """The last call was answered."""
        if self._failures:
            _log.info("database_back", part=self._part, failures=self._failures)
        self._failures = 0

    def next_s(self, error: Exception) -> float:
        """Seconds until the next try."""
        self._failures += 1
        if self._failures == 1:
            _log.warning("database_lost", part=self._part, error_type=type(error).__name__, error=str(error)[:300])
        return _chance.uniform(0, min(LOST_LAST_S, LOST_FIRST_S * 2.0 ** min(self._failures, 20)))
