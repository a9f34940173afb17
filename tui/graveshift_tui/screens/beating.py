"""The pulse of the console: what was last read of the overview, painted where it shows and only when it changed."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, Protocol

from textual.screen import Screen

from graveshift.wire.overview import Overview
from graveshift_tui.client import Client
from graveshift_tui.feed import Feed, Reading
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens.lately import Lately
from graveshift_tui.settings import Settings
from graveshift_tui.widgets.band import AMBER, Pulse

READS: Final = ("queues", "groups", "dlq", "runs", "workers", "backups", "secrets")
"""What an overview tells of: a hint for any of these reads it again."""


class Body(Protocol):
    """The app, as far as a pulse goes."""

    settings: Settings
    pulse: Pulse

    @property
    def screen_stack(self) -> Sequence[Screen[Any]]:
        """All screens, the one that shows last."""


class Beating:
    """Takes readings; in between, time makes them older."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._reading: Reading[Overview] | None = None
        self._minute = 0
        self._lately = Lately()
        self._pace: float | None = None

    async def watch(self, client: Client, feed: Feed, then: Callable[[Reading[Overview]], object]) -> None:
        """Reads for ever."""
        async with aclosing(feed.watch(client.overview, READS)) as readings:
            async for reading in readings:
                then(reading)

    def take(self, reading: Reading[Overview]) -> None:
        """The newest reading."""
        self._reading = reading
        self._pace = self._lately.take(reading.value) if reading.value is not None and reading.error is None else None
        self.beat()

    def tick(self) -> None:
        """Nothing is painted while all is fresh and the minute is the same."""
        reading, minute = self._reading, datetime.now(UTC).minute
        stale = reading is not None and monotonic() - reading.at >= AMBER * self._body.settings.interval_s
        if stale or minute != self._minute or (reading is not None and reading.error is not None):
            self._minute = minute
            self.beat()

    def beat(self) -> None:
        """Only the screen that shows: painting one beneath it costs a frame, and it does so itself when it is back."""
        if self._reading is not None:
            self._body.pulse = self._pulse(self._reading)
        shown = next((one for one in reversed(self._body.screen_stack) if isinstance(one, ConsoleScreen)), None)
        if shown is not None:
            shown.beat()

    def _pulse(self, reading: Reading[Overview]) -> Pulse:
        settings = self._body.settings
        return Pulse(
            overview=reading.value,
            age_s=monotonic() - reading.at if reading.value is not None else 0.0,
            interval_s=settings.interval_s,
            error=str(reading.error) if reading.error else None,
            attempt=reading.attempt,
            retry_in_s=reading.retry_in_s,
            read_only=settings.read_only,
            failing_lately=self._pace,
        )
