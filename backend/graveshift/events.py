"""Live hints: one hub per backend compares marks while somebody listens, and tells each listener what to re-read."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from time import time_ns

import structlog
from msgspec import Struct

from graveshift.driver import ShownSource
from graveshift.wire import ids
from graveshift.wire.hints import Hint
from graveshift.work import Counted

EVERY_S = 0.25
BACK_OFF_S = 2.0
REMEMBERED = 1024
WAITING = 128

LETTERS = ("dead", "died", "requeued")
CAUSES = (*LETTERS, "retrying", "failed")
JOBS = (*CAUSES, "waiting", "scheduled", "running", "held", "enqueued", "finished", "cancelled")

Marks = Mapping[str, Mapping[str, Hashable]]
RESYNC = Hint("*")

log = structlog.get_logger(__name__)


class Event(Struct, frozen=True):
    """A hint and its place in the stream; numbers only grow, over restarts too."""

    id: int
    hint: Hint


class Subscriber:
    """One listener's bounded queue; a listener that is too slow loses its backlog and gets one `resync`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(WAITING)

    def put(self, event: Event) -> None:
        """Never waits."""
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            event = Event(event.id, RESYNC)
        self._queue.put_nowait(event)

    async def next(self, within_s: float) -> Event | None:
        """The next event; None where none came in time."""
        try:
            async with asyncio.timeout(within_s):
                return await self._queue.get()
        except TimeoutError:
            return None


class Hub:
    """`marks` gives, per resource, a mark for each id that hints name (id `*`: no id is named).

    It is asked every `EVERY_S` while there are listeners, never otherwise, and hints a resource at most that often.
    """

    def __init__(self, marks: Callable[[], Awaitable[Marks]], every_s: float = EVERY_S) -> None:
        self._marks = marks
        self._every_s = every_s
        self.back_off_s = BACK_OFF_S
        self._last = time_ns() // 1000
        self._past: deque[Event] = deque(maxlen=REMEMBERED)
        self._subscribers: set[Subscriber] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many are listening now."""
        return len(self._subscribers)

    @contextmanager
    def subscribe(self, last_id: int | None = None) -> Iterator[Subscriber]:
        """Listen, from just after `last_id` where it is remembered; where it is not, the first event is a `resync`."""
        subscriber = Subscriber()
        for event in self._since(last_id):
            subscriber.put(event)
        self._subscribers.add(subscriber)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll(), name="hub")
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def publish(self, hint: Hint) -> None:
        """Tell every listener."""
        self._last += 1
        event = Event(self._last, hint)
        self._past.append(event)
        for subscriber in self._subscribers:
            subscriber.put(event)

    async def close(self) -> None:
        """Stop polling; listeners keep waiting and are theirs to end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _since(self, last_id: int | None) -> list[Event]:
        """What was missed. Nothing is polled while nobody listens, so the past is whole only if somebody did."""
        if last_id is None:
            return []
        polling = self._task is not None and not self._task.done()
        remembered = last_id == self._last or any(event.id == last_id for event in self._past)
        if not (polling and remembered):
            return [Event(self._last, RESYNC)]
        return [event for event in self._past if event.id > last_id]

    async def _poll(self) -> None:
        before: Marks | None = None
        while self._subscribers:
            pause = self._every_s
            try:
                now = await self._marks()
                for hint in changes(before, now) if before is not None else ():
                    self.publish(hint)
                before = now
            except Exception as error:
                log.warning("hub_poll_failed", error=str(error))
                before, pause = None, self.back_off_s
                self.publish(RESYNC)
            await asyncio.sleep(pause)


def changes(before: Marks, now: Marks) -> list[Hint]:
    """One hint for each resource whose marks differ, naming the ids that do (None where one of them has no name)."""
    hints = []
    for resource, marks in now.items():
        old = before.get(resource, {})
        differing = sorted(id for id in marks.keys() | old.keys() if marks.get(id) != old.get(id))
        if differing:
            hints.append(Hint(resource, None if "*" in differing else differing))
    return hints


class Watch:
    """Marks of everything that hints speak of: the native system's counters, every worker, and the ledger's own."""

    def __init__(
        self, system: str, upkeep: Counted, sources: Mapping[str, ShownSource], ledger: Callable[[], Awaitable[Marks]]
    ) -> None:
        self._system = system
        self._upkeep = upkeep
        self._sources = sources
        self._ledger = ledger

    async def __call__(self) -> Marks:
        """Read at once, from roll-ups and by indexes."""
        counters, ledger, workers = await asyncio.gather(
            self._upkeep.counters(),
            self._ledger(),
            asyncio.gather(*(source.workers() for source in self._sources.values())),
        )
        found: dict[str, Mapping[str, Hashable]] = dict(ledger)
        found["workers"] = {w.id: (w.state, w.running) for each in workers for w in each}
        found["queues"], found["jobs"] = self._queues(counters.depth), {"*": _sums(counters.depth, JOBS)}
        found["dlq"] = {"*": (_sums(counters.depth, LETTERS), *ledger.get("dlq", {}).values())}
        found["groups"] = {"*": (_sums(counters.depth, CAUSES), *ledger.get("groups", {}).values())}
        return found

    def _queues(self, depth: Mapping[tuple[str, str], int]) -> dict[str, Hashable]:
        by_queue: dict[str, list[tuple[str, int]]] = {}
        for (queue, what), n in sorted(depth.items()):
            by_queue.setdefault(queue, []).append((what, n))
        return {ids.encode(self._system, queue): tuple(found) for queue, found in by_queue.items()}


def _sums(depth: Mapping[tuple[str, str], int], words: Collection[str]) -> Hashable:
    sums = dict.fromkeys(words, 0)
    for (_, what), n in depth.items():
        if what in sums:
            sums[what] += n
    return tuple(sums.values())
