"""Series over time, from our own samples or from a Prometheus that scrapes us; each says which."""

import asyncio
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from msgspec import Struct
from prometheus_api_client import PrometheusConnect
from urllib3 import Retry

from graveshift.errors import HistoryUnavailable, Invalid
from graveshift.settings import PrometheusSettings
from graveshift.store.samples import SampleBook
from graveshift.wire.series import Point, Series

GROWTH = {"in": "enqueued", "out": "finished", "failed": "failed"}
NAMES = ("depth", "dead", "oldest_age", *GROWTH)
MOST_POINTS = 2000
# Rates need two samples: with own ones every 10 s and scrapes every 15 s or less, four are sure to be in a minute.
WINDOW_S = 60

log = structlog.get_logger(__name__)


class Wanted(Struct, frozen=True):
    """A series to draw: a point at each whole multiple of `step_s` in (after, until], telling of the step before it."""

    name: str
    queue: str | None
    after: datetime
    until: datetime
    step_s: int

    def drawn(self, found: Mapping[datetime, float], source: str) -> Series:
        """Every step has a point; a step that nothing is known of is a gap."""
        step = timedelta(seconds=self.step_s)
        count = (self.until - self.after) // step
        times = [self.after + step * n for n in range(1, count + 1)]
        return Series(self.name, self.queue, source, self.step_s, [Point(at, found.get(at)) for at in times])


class Source(Protocol):
    """Where points come from. Raises HistoryUnavailable or DatabaseUnavailable."""

    async def draw(self, wanted: Wanted) -> Series: ...

    def close(self) -> None:
        """Let go of what it holds open."""


class History:
    """The first source that answers draws the series."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    async def series(self, name: str, queue: str | None, range_s: int, step_s: int) -> Series:
        """`range_s` back from now, rounded out to whole steps. Raises Invalid, HistoryUnavailable."""
        wanted = asked(name, queue, range_s, step_s, datetime.now(UTC))
        for source in self._sources:
            try:
                return await source.draw(wanted)
            except HistoryUnavailable as error:
                log.warning("history_source_failed", source=type(source).__name__, error=str(error))
        raise HistoryUnavailable

    def close(self) -> None:
        """Nothing is drawn from here on."""
        for source in self._sources:
            source.close()


def asked(name: str, queue: str | None, range_s: int, step_s: int, now: datetime) -> Wanted:
    """Aligned to the step, so that the same moment is the same point however often it is asked for."""
    if name not in NAMES:
        raise Invalid(f"`{name}` is not one of {', '.join(NAMES)} - at `$.name`")
    count = math.ceil(range_s / step_s)
    if count > MOST_POINTS:
        raise Invalid(f"range / step gives {count} points, {MOST_POINTS} is the most - at `$.step`")
    until = datetime.fromtimestamp(int(now.timestamp()) // step_s * step_s, UTC)
    return Wanted(name, queue, until - timedelta(seconds=count * step_s), until, step_s)


class Samples:
    """Our own samples, one each `every_s`."""

    def __init__(self, book: SampleBook, every_s: float) -> None:
        self._book = book
        self._gap_s = max(3 * every_s, WINDOW_S)

    async def draw(self, wanted: Wanted) -> Series:
        """Levels are the last sample of a step, growth is by neighbours that are no gap apart."""
        span = (wanted.queue, wanted.after, wanted.until, wanted.step_s)
        if wanted.name in GROWTH:
            found = await self._book.growth(GROWTH[wanted.name], *span, gap_s=self._gap_s)
        else:
            found = await self._book.levels(wanted.name, *span, greatest=wanted.name == "oldest_age")
        return wanted.drawn(found, "samples")

    def close(self) -> None:
        """The connections are the engine's."""


class Prometheus:
    """A server that scrapes our /metrics. Its client is synchronous and knows no limit, hence threads and time-outs."""

    def __init__(self, settings: PrometheusSettings) -> None:
        self._timeout_s = settings.timeout_s
        self._client = PrometheusConnect(url=settings.url or "", retry=Retry(0), timeout=settings.timeout_s)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="prometheus")

    async def draw(self, wanted: Wanted) -> Series:
        """One range query, its steps aligned by us."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s * 2):
                found = await loop.run_in_executor(self._threads, self._ask, wanted)
        except Exception as error:  # the client raises requests', urllib3's, json's and its own errors, and KeyError
            raise HistoryUnavailable(f"{type(error).__name__}: {error}") from error
        return wanted.drawn(found, "prometheus")

    def close(self) -> None:
        """Let go of the threads; one that waits ends at its time limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _ask(self, wanted: Wanted) -> dict[datetime, float]:
        first = wanted.after + timedelta(seconds=wanted.step_s)
        answer = self._client.custom_query_range(promql(wanted), first, wanted.until, str(wanted.step_s))
        return _points(answer)


def promql(wanted: Wanted) -> str:
    """Every backend exposes the same numbers, so of each queue the greatest is taken before queues are added up."""
    chosen = f'{{queue="{_escaped(wanted.queue)}"}}' if wanted.queue is not None else ""
    if wanted.name in GROWTH:
        window = max(wanted.step_s, WINDOW_S)
        return f"sum(max by (queue) (rate(graveshift_jobs_{GROWTH[wanted.name]}_total{chosen}[{window}s])))"
    if wanted.name == "depth":
        return f"sum(max by (queue, state) (graveshift_queue_depth{chosen}))"
    if wanted.name == "dead":
        return f"sum(max by (queue) (graveshift_dlq_size{chosen}))"
    return f"max(graveshift_queue_oldest_age_seconds{chosen})"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _points(answer: Any) -> dict[datetime, float]:
    """The only series of the answer; NaN and infinities are gaps."""
    pairs = answer[0]["values"] if answer else []
    found = {datetime.fromtimestamp(float(at), UTC): float(value) for at, value in pairs}
    return {at: value for at, value in found.items() if math.isfinite(value)}
