"""How long to wait: between polls that found nothing, and after a database that did not answer."""

import asyncio
import random
from contextlib import suppress

import structlog

POLL_FIRST_S, POLL_LAST_S = 0.002, 1.0
LOST_FIRST_S, LOST_LAST_S = 0.1, 5.0

_chance = random.SystemRandom()
_log = structlog.get_logger("graveshift.worker")


async def pause(seconds: float, unless: asyncio.Event) -> None:
    """Sleep, or less where the event comes first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await unless.wait()


class Polls:
    """Each empty poll doubles the wait, jittered so that workers spread out; a find begins anew."""

    def __init__(self) -> None:
        self._wait_s = POLL_FIRST_S

    def found(self) -> None:
        """The last poll found something."""
        self._wait_s = POLL_FIRST_S

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
