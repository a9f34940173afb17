"""The clockwork: what has to be done again and again, by one backend at a time, and never stops for an error."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from time import monotonic

import structlog
from msgspec import Struct

from graveshift.errors import DatabaseUnavailable, Fenced
from graveshift.settings import LoopSettings, QueueSettings
from graveshift.store.engine import Unit as Transaction
from graveshift.store.keeping import KeepingBook
from graveshift.store.leases import LeaseBook
from graveshift.store.samples import SampleBook
from graveshift.wire.health import Check
from graveshift.work import Counters, Guard, Keeping, Upkeep

LEASE = "loops"
LEASE_S = 7.0
RENEW_S = 1.5
LONGEST_BACK_OFF_S = 60.0
GRACE_S = 3.0
TURN_S = 5.0
LATE = 5
DEPTH = ("waiting", "scheduled", "retrying", "running")
GROWING = ("enqueued", "finished", "failed")

Units = Callable[[], AbstractAsyncContextManager[Transaction]]
log = structlog.get_logger(__name__)


class Loop(Struct, frozen=True):
    """`act` is done each `every_s`; it calls the guard in each transaction whose effect must be a leader's.

    A turn longer than `limit_s` is given up, as its connection may lead nowhere; the next gets twice as long.
    """

    name: str
    every_s: float
    act: Callable[[Guard], Awaitable[object]]
    limit_s: float | None = None

    @property
    def late_s(self) -> float:
        """Longer than this without success is news."""
        return self.every_s * LATE + LEASE_S


class Clockwork:
    """All loops of a backend: it turns them while it holds the lease, and watches while another does.

    `unit` opens a transaction in the ledger's database.
    """

    def __init__(self, loops: Sequence[Loop], leases: LeaseBook, unit: Units) -> None:
        self._loops = loops
        self._leases = leases
        self._unit = unit
        self._succeeded: dict[str, datetime] = {}
        self._fresh: dict[str, float] = {}
        self._looked: float | None = None
        self._leading = False

    async def run_forever(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then the acts under way end and the lease is given up."""
        while not stop.is_set():
            epoch = await self._take()
            if epoch is not None:
                await self._lead(epoch, stop)
            await _pause(stop, RENEW_S if not stop.is_set() else 0)

    def last_success(self) -> Mapping[str, datetime]:
        """When each loop last succeeded here; a loop that never did is missing."""
        return dict(self._succeeded)

    async def check(self) -> Check:
        """Fresh loops where this backend leads, an answering database where another does."""
        now = monotonic()
        if self._looked is None or now - self._looked > 2 * LEASE_S:
            return Check("loops", False, "the clockwork does not run, or the database does not answer it")
        if not self._leading:
            return Check("loops", True, "another backend leads")
        stale = [loop.name for loop in self._loops if now - self._fresh[loop.name] > loop.late_s]
        return Check("loops", not stale, f"stale: {', '.join(stale)}" if stale else f"{len(self._loops)} loops fresh")

    async def _take(self) -> int | None:
        try:
            async with asyncio.timeout(LEASE_S):
                epoch = await self._leases.take(LEASE, LEASE_S)
        except Exception as error:  # whatever it is: nobody else turns these loops again
            log.warning("lease_not_asked", error=str(error))
            return None
        self._looked = monotonic()
        return epoch

    async def _lead(self, epoch: int, stop: asyncio.Event) -> None:
        log.info("loops_leading", epoch=epoch)
        ending = asyncio.Event()
        guard = partial(self._leases.check, name=LEASE, epoch=epoch)
        self._fresh = {loop.name: monotonic() for loop in self._loops}
        self._leading = True
        turning = [asyncio.create_task(self._turn(loop, guard, ending), name=loop.name) for loop in self._loops]
        try:
            await self._renew(epoch, stop, ending)
        finally:
            self._leading = False
            ending.set()
            await _finished(turning)
            await self._give_up(epoch)

    async def _renew(self, epoch: int, stop: asyncio.Event, ending: asyncio.Event) -> None:
        """Until told to stop, or the lease is lost, or nobody could be asked for as long as it lasts."""
        until = monotonic() + LEASE_S
        while not (stop.is_set() or ending.is_set()) and monotonic() < until:
            await _pause(stop, RENEW_S)
            try:
                async with asyncio.timeout(LEASE_S / 2):
                    renewed = await self._leases.renew(LEASE, epoch, LEASE_S)
                if not renewed:
                    log.warning("lease_lost", epoch=epoch)
                    return
                until = monotonic() + LEASE_S
                self._looked = monotonic()
            except Exception as error:
                log.warning("lease_not_renewed", epoch=epoch, error=str(error))

    async def _give_up(self, epoch: int) -> None:
        try:
            async with asyncio.timeout(GRACE_S):
                await self._leases.give_up(LEASE, epoch)
        except Exception as error:
            log.warning("lease_not_given_up", epoch=epoch, error=str(error))

    async def _turn(self, loop: Loop, guard: Guard, ending: asyncio.Event) -> None:
        failures = 0
        while not ending.is_set():
            began = monotonic()
            try:
                async with asyncio.timeout(loop.limit_s and loop.limit_s * 2.0 ** min(failures, 8)):
                    await self._act(loop, guard)
                failures = 0
            except Fenced:
                ending.set()
            except Exception as error:  # whatever it is: the next turn may do better, and no loop may die
                failures += 1
                whole = _is_news(error, failures)
                log.error("loop_failed", loop=loop.name, failures=failures, error=str(error), exc_info=whole)
            await _pause(ending, _until_next(loop.every_s, failures) - (monotonic() - began))

    async def _act(self, loop: Loop, guard: Guard) -> None:
        async with self._unit() as unit:
            await guard(unit)
        await loop.act(guard)
        self._succeeded[loop.name] = datetime.now(UTC)
        self._fresh[loop.name] = monotonic()


class Chores(Struct, frozen=True):
    """What the loops do. `index` and `tidy` are what bootstrap gives: foreign letters, and litter of every room."""

    unit: Units
    upkeep: Upkeep
    samples: SampleBook
    settings: LoopSettings
    queue: QueueSettings
    ledger: KeepingBook
    index: Sequence[Callable[[], Awaitable[object]]] = ()
    tidy: Sequence[Callable[[], Awaitable[object]]] = ()

    def loops(self) -> list[Loop]:
        """One each, at its pace."""
        pace = self.settings
        return [
            Loop("roll_up", pace.roll_up_s, self._roll_up, TURN_S),
            Loop("sweep", pace.sweep_s, self._sweep, TURN_S),
            Loop("sample", pace.sample_s, self._sample, TURN_S),
            Loop("vacuum", pace.vacuum_s, self._vacuum),
            Loop("prune", pace.prune_s, self._prune),
            Loop("reconcile", pace.reconcile_s, self._reconcile),
            Loop("index", pace.index_s, partial(_each, self.index)),
            Loop("tidy", pace.tidy_s, partial(_each, self.tidy)),
        ]

    async def _roll_up(self, guard: Guard) -> int:
        return await self.upkeep.roll_up()

    async def _sweep(self, guard: Guard) -> int:
        return await self.upkeep.sweep(self.queue.crash_limit)

    async def _sample(self, guard: Guard) -> None:
        taken = sampled(await self.upkeep.counters())
        async with self.unit() as unit:
            await guard(unit)
            await self.samples.keep(unit, taken, self.settings.sample_s)
            await unit.commit()

    async def _vacuum(self, guard: Guard) -> int:
        return await self.upkeep.vacuum()

    async def _reconcile(self, guard: Guard) -> None:
        """The act takes turns by itself, and is right whoever leads."""
        done = await self.upkeep.reconcile()
        if done is None:
            return
        places = [f"{one.queue} {one.what} {one.fingerprint}: {one.n:+}" for one in done.differences[:5]]
        say = log.warning if done.off else log.info
        say("rollup_reconciled", off=done.off, looked=done.looked, took_s=round(done.took_s, 2), places=places)

    async def _prune(self, guard: Guard) -> int:
        async with self.unit() as unit:
            await guard(unit)
            dropped = await self.samples.prune(unit, self.settings.samples_keep_s)
            await unit.commit()
        queue = self.queue
        keep = Keeping(queue.keep_days, queue.keep_dead_days, queue.keep_trash_days)
        return dropped + await self.upkeep.prune(keep, guard) + await self.ledger.prune(guard)


def sampled(counters: Counters) -> dict[tuple[str, str], float]:
    """A value per (name, queue): live jobs, letters and ages as they are, and counters that only grow."""
    names = {queue for queue, _ in counters.depth}
    taken: dict[tuple[str, str], float] = {("oldest_age", queue): age for queue, age in counters.oldest_age_s.items()}
    for queue in names:
        taken["depth", queue] = sum(counters.depth.get((queue, state), 0) for state in DEPTH)
        for what in ("dead", *GROWING):
            taken[what, queue] = counters.depth.get((queue, what), 0)
    return taken


async def _each(acts: Sequence[Callable[[], Awaitable[object]]], guard: Guard) -> None:
    """All of them, whatever happens to one; the first error is raised at the end."""
    found = await asyncio.gather(*(act() for act in acts), return_exceptions=True)
    for error in found:
        if isinstance(error, BaseException):
            raise error


def _is_news(error: Exception, failures: int) -> bool:
    """Worth a traceback: the first of a row, and no database that is away, which says all of it in a line."""
    return failures == 1 and not isinstance(error, DatabaseUnavailable | TimeoutError)


async def _finished(turning: Sequence[asyncio.Task[None]]) -> None:
    """Acts under way end by themselves, or are cancelled after a grace."""
    if turning:
        _, late = await asyncio.wait(turning, timeout=GRACE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*turning, return_exceptions=True)


def _until_next(every_s: float, failures: int) -> float:
    """The interval, doubled for each failure in a row; a long interval is not made longer."""
    return min(every_s * 2.0 ** min(failures, 16), max(LONGEST_BACK_OFF_S, every_s))


async def _pause(event: asyncio.Event, seconds: float) -> None:
    """Until the event, `seconds` at most."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return
