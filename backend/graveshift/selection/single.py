"""One queue as the whole of what a verb acts on."""

from collections.abc import Awaitable, Callable, Sequence

from graveshift.driver import Can, Source, Unit, Verdict
from graveshift.errors import NotFound, Unsupported
from graveshift.operation import World
from graveshift.wire.ids import decode
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Outcome

Act = Callable[[Source, Unit, str], Awaitable[None]]


async def queue_of(world: World, id: str, needs: Can) -> tuple[Source, Queue]:
    """The queue with this public id, and its system. Raises NotFound, and Unsupported where the system cannot."""
    system, native = decode(id) or ("", "")
    source = world.sources.get(system)
    queue = await source.queue(native) if source else None
    if source is None or queue is None:
        raise NotFound(f"queue {id}")
    if needs not in source.can:
        raise Unsupported(f"{needs} in {system}")
    return source, queue


class Single:
    """One chunk of one item; see `graveshift.operation.Chunks`. `done` is the item's detail."""

    def __init__(self, world: World, queue: str, act: Act, done: str) -> None:
        self._sources = world.sources
        self._queue = queue
        self._act = act
        self._done = done

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """The queue, once."""
        return [self._queue] if after is None else []

    def transacts(self, ids: Sequence[str]) -> bool:
        """As its system can."""
        return Can.TRANSACT in self._source().can

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """Always `moved`: pausing or resuming twice is the same as once."""
        _, native = decode(self._queue) or ("", "")
        await self._act(self._source(), unit, native)
        return [Verdict(self._queue, Outcome.MOVED, self._done)]

    def _source(self) -> Source:
        system, _ = decode(self._queue) or ("", "")
        if system not in self._sources:
            raise NotFound(f"queue {self._queue}")
        return self._sources[system]
