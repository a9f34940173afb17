"""The port between a queue and those who work it: producers, workers, and the housekeeping of a leader."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from graveshift.driver import Unit
from graveshift.errors import DatabaseUnavailable
from graveshift.wire.jobs import NewJob
from graveshift.wire.workers import Wish, WorkerState

# Raises Fenced where another backend leads by now; holds the lease until the unit ends.
Guard = Callable[[Unit], Awaitable[None]]


class Ticket(Struct, frozen=True):
    """The fence of one claim: every finish, failure and heartbeat names it, and nothing happens once it is stale."""

    id: int
    attempt: int
    owner: UUID


class ClaimUnsure(DatabaseUnavailable):
    """jobs were claimed, and whether that lasts is not known; they are to be released"""

    def __init__(self, tickets: Sequence[Ticket], detail: str = "") -> None:
        super().__init__(detail)
        self.tickets = tickets


class Claimed(Struct, frozen=True, kw_only=True):
    """A job given to a worker, for the `tried`th time since it was enqueued or last requeued.

    `alone` asks that it run by itself in its process: it may kill workers.
    """

    ticket: Ticket
    queue: str
    kind: str
    payload: Raw
    priority: int
    max_attempts: int
    tried: int
    enqueued_at: datetime
    started_at: datetime
    trace_id: str | None = None
    run_id: int | None = None
    alone: bool = False


class Failure(Struct, frozen=True, kw_only=True):
    """One failed attempt. `retry_in_s` None means that no further attempt is worth making: the job dies.

    `split` is the payload field whose value is part of the cause, as `customer=acme`; None where none is.
    """

    ticket: Ticket
    error_type: str
    error_message: str
    traceback: str
    fingerprint: str
    retry_in_s: float | None
    worker: str
    worker_version: str
    split: str | None = None


class Condition(Struct, frozen=True):
    """How a worker is: its state as a word of `WorkerState`, jobs under way, bytes resident (None: cannot say)."""

    state: WorkerState = WorkerState.RUNNING
    running: int = 0
    memory_bytes: int | None = None


class Pulse(Struct, frozen=True):
    """What a heartbeat brings back: claims that are lost, and claims asked to stop."""

    lost: Sequence[Ticket]
    cancelled: Sequence[Ticket]


class Work(Protocol):
    """What producers and workers need. All times are the database's."""

    async def enqueue(self, jobs: Sequence[NewJob]) -> Sequence[int]:
        """Ids in the order given, all in one transaction; a live job with the same unique key gives its id."""

    async def rung(self) -> None:
        """Until jobs have been enqueued since the last call, here or elsewhere. A hint: it may come late, or never.

        Raises DatabaseUnavailable where it cannot be heard now; the next call tries anew.
        """

    async def register(
        self,
        worker: UUID,
        host: str,
        pid: int,
        version: str,
        queues: Sequence[str],
        *,
        kinds: Sequence[str] | None = None,
    ) -> None: ...

    async def deregister(self, worker: UUID) -> None: ...

    async def claim(
        self,
        worker: UUID,
        queues: Sequence[str],
        kinds: Sequence[str],
        limit: int,
        lease_s: float,
        *,
        begin: int = 0,
        suspects: bool = True,
    ) -> Sequence[Claimed]:
        """Due jobs of queues that are not paused and kinds this worker knows; empty `queues` means every queue.

        The first `begin` of the jobs returned count as begun at once; the others when `begin()` says so. A job that
        is to run `alone` comes by itself and is never begun by its claim: begin it when nothing else runs any more.
        Without `suspects` such jobs are passed over wherever they stand, and those behind them come in their order.
        What is returned outlasts a crash of the server; ClaimUnsure where that cannot be said of what was claimed.
        """

    async def begin(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        """These are about to run; returns the tickets that were stale. A crash counts only against begun jobs."""

    async def finish(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        """Done, in one statement; returns the tickets that were stale."""

    async def fail(self, failures: Sequence[Failure]) -> Sequence[Ticket]:
        """Retry or die; returns the tickets that were stale. A cancelled job that fails is cancelled."""

    async def cancelled(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        """These stopped because they were asked to; returns the tickets that were stale."""

    async def beat(self, worker: UUID, tickets: Sequence[Ticket], lease_s: float, condition: Condition) -> Pulse: ...

    async def heed(self, worker: UUID) -> Wish:
        """What operators want of this worker; cheap enough for every second."""

    async def release(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        """Give back without burning an attempt; returns the tickets that were stale."""


class Counters(Struct, frozen=True):
    """One number per queue and word. States: waiting scheduled retrying running dead; events: enqueued finished
    cancelled failed died requeued, which only grow. Ages are seconds.
    """

    depth: Mapping[tuple[str, str], int]
    oldest_age_s: Mapping[str, float]


class Keeping(Struct, frozen=True):
    """For how many days ended jobs, dead letters, and what left the dead letter queue by a run are kept."""

    done_days: int = 30
    dead_days: int = 30
    trash_days: int = 7

    @property
    def history_days(self) -> int:
        """As long as a letter may be shown: in the dead letter queue, and in the trash after that."""
        return self.dead_days + self.trash_days


class Counted(Protocol):
    """Numbers that are known without counting."""

    async def counters(self) -> Counters: ...


class Difference(Struct, frozen=True):
    """`n` more are there than were counted, fewer where it is negative; a queue's own has neither kind nor cause."""

    queue: str
    what: str
    kind: str
    fingerprint: str
    n: int


class Reconciled(Struct, frozen=True):
    """`looked` jobs and letters were there; the counters were `off` by so many, in these places."""

    looked: int
    off: int
    took_s: float
    differences: Sequence[Difference] = ()

    def kept(self, most: int) -> dict[str, object]:
        """As the ledger keeps it, with `most` differences at most."""
        told = msgspec.json.encode(self.differences[:most]).decode()
        return {"looked": self.looked, "off": self.off, "took_s": self.took_s, "differences": told}


class Upkeep(Counted, Protocol):
    """Housekeeping that a leader does."""

    async def sweep(self, crash_limit: int) -> int:
        """Take back the jobs of silent workers (expired leases); returns how many. See docs/states.md for crashes."""

    async def roll_up(self) -> int:
        """Fold pending deltas into counters, flow and groups; returns how many were folded."""

    async def reconcile(self) -> Reconciled | None:
        """Compare the counters with what is there and set right what is off; None: another does it right now."""

    async def vacuum(self) -> int:
        """Clear away what ended jobs leave behind, where there is much of it; returns how many tables were cleared."""

    async def prune(self, keep: Keeping, guard: Guard) -> int:
        """Open partitions ahead, drop those past keeping, forget rows; returns how many partitions changed.

        `guard` is called in each transaction, and raises where another leads by now.
        """


class Standing(Struct, frozen=True, kw_only=True):
    """How far a schedule has come: `slot` is the last one dealt with, `now` the database's clock.

    `paused_until` None on a paused one means until it is resumed; a pause whose end has passed is none.
    """

    name: str
    slot: datetime
    now: datetime
    last_slot: datetime | None = None
    last_fired_at: datetime | None = None
    last_job_id: int | None = None
    paused: bool = False
    paused_until: datetime | None = None
    paused_by: str | None = None
    paused_reason: str | None = None


class Slots(Protocol):
    """The native queue's memory of what its timetable has fired."""

    async def standings(self) -> Mapping[str, Standing]:
        """Of every schedule that is known."""

    async def know(self, unit: Unit, names: Sequence[str]) -> None:
        """These there are and no others; a new one has come as far as now."""

    async def lock(self, unit: Unit, name: str) -> Standing | None:
        """Where it stands, and will until the unit ends."""

    async def fire(self, unit: Unit, name: str, slot: datetime, jobs: Sequence[NewJob], fired: datetime | None) -> None:
        """Enqueue the jobs, the last of them for slot `fired`, and move on to `slot`; only under `lock`."""

    async def enqueue(self, unit: Unit, job: NewJob) -> int:
        """A job beside the timetable: nothing moves on. Raises QueueDraining, as `fire` does."""

    async def pause(self, unit: Unit, name: str, until: datetime | None, reason: str | None, actor: str) -> None:
        """Nothing is fired from here on, whoever leads and whatever is known; it outlasts `know`."""

    async def resume(self, unit: Unit, name: str) -> None: ...
