"""One queue or worker as the whole of what a verb acts on."""

from collections.abc import Awaitable, Callable, Sequence

from graveshift.driver import Can, Source, Unit, Verdict
from graveshift.errors import NotFound, Unsupported
from graveshift.operation import World
from graveshift.wire.ids import decode, encode
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Outcome
from graveshift.wire.workers import Worker, WorkerState

Act = Callable[[Source, Unit, str], Awaitable[Verdict | None]]
"""Gets the native id; no verdict means that it is done."""


async def queue_of(world: World, id: str, needs: Can) -> tuple[Source, Queue]:
    """The queue with this public id, and its system. Raises NotFound, and Unsupported where the system cannot."""
    system, native = decode(id) or ("", "")
    source = world.sources.get(system)
    queue = await source.queue(native) if source else None
    if source is None or queue is None:
        raise NotFound(f"queue {id}{await _meant(world, id)}")
    if needs not in source.can:
        raise Unsupported(f"{needs} in {system}")
    return source, queue


async def _meant(world: World, name: str) -> str:
    """`; did you mean native:mail?`, where this is what a queue is called and not its id."""
    for system, source in world.sources.items():
        if await source.queue(name):
            return f"; did you mean {encode(system, name)}?"
    return ""


async def worker_of(world: World, id: str, needs: Can) -> tuple[Source, Worker]:
    """The same for a worker; one that is silent is not found."""
    system, _ = decode(id) or ("", "")
    source = world.sources.get(system)
    known = await source.workers() if source else []
    worker = next((one for one in known if one.id == id and one.state is not WorkerState.SILENT), None)
    if source is None or worker is None:
        raise NotFound(f"worker {id}")
    if needs not in source.can:
        raise Unsupported(f"{needs} in {system}")
    return source, worker


class Single:
    """One chunk of one item; see `graveshift.operation.Chunks`. `done` is the item's detail."""

    def __init__(self, world: World, id: str, act: Act, done: str) -> None:
        self._sources = world.sources
        self._id = id
        self._act = act
        self._done = done

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """It, once."""
        return [self._id] if after is None else []

    def transacts(self, ids: Sequence[str]) -> bool:
        """As its system can."""
        return Can.TRANSACT in self._source().can

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """Twice is the same as once."""
        _, native = decode(self._id) or ("", "")
        verdict = await self._act(self._source(), unit, native)
        return [verdict or Verdict(self._id, Outcome.MOVED, self._done)]

    def _source(self) -> Source:
        system, _ = decode(self._id) or ("", "")
        if system not in self._sources:
            raise NotFound(self._id)
        return self._sources[system]
