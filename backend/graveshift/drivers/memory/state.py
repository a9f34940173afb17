"""What is remembered: live jobs, their ends, letters, attempts and events."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from graveshift.driver import Frozen
from graveshift.trial import became
from graveshift.veil import Veil
from graveshift.wire.dlq import Attempt
from graveshift.wire.queues import Limit
from graveshift.wire.runs import Became
from graveshift.wire.workers import Wish
from graveshift.work import Condition, Standing, Ticket

Clock = Callable[[], datetime]
Place = tuple[datetime, int]
Cause = tuple[str, str, str]


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class Entry(Struct, kw_only=True):
    """One job; `born` is the tick it came at, which frozen selections go by."""

    id: int
    queue: str
    kind: str
    state: str
    payload: bytes
    priority: int
    run_at: datetime
    enqueued_at: datetime
    max_attempts: int
    budget: int
    unique_key: str | None
    trace_id: str | None
    born: int
    attempt: int = 0
    requeue_count: int = 0
    crashes: int = 0
    begun: bool = False
    cancel_requested: bool = False
    lane: int = 0
    run_id: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lease_until: datetime | None = None
    owner: UUID | None = None
    fingerprint: str | None = None
    worker: str | None = None
    worker_version: str | None = None
    held_until: datetime | None = None
    held_reason: str | None = None


class Body(Struct, frozen=True, kw_only=True):
    """A letter: the job as it died, and what it died of."""

    job: Entry
    died_at: datetime
    fingerprint: str
    error_type: str
    error_message: str
    traceback: str | None
    worker_version: str | None
    born: int
    restored_at: datetime | None = None


class Tried(Struct, frozen=True, kw_only=True):
    """One failed attempt of a job."""

    job: int
    cause: Cause
    told: Attempt
    version: str | None
    final: bool
    again: bool
    requeues: int = 0
    split: str | None = None
    first_of: int | None = None


class Settled(Struct, frozen=True):
    """A letter that a run requeued, or discarded: `born` is the tick of that."""

    run: int
    at: datetime
    born: int
    body: Body


class Edited(Struct, frozen=True):
    """What a run changed in the payload of a job, and the payload before."""

    job: int
    run: int
    by: str
    at: datetime
    original: bytes


class Requeue(Struct, frozen=True):
    """A run requeued a letter of a cause."""

    run: int
    at: datetime
    cause: Cause


class Pause(Struct, frozen=True):
    """Why a queue, or a schedule, gives nothing; or why a queue takes nothing."""

    until: datetime | None
    by: str
    reason: str | None
    at: datetime | None = None


class Present(Struct):
    """A worker that registered."""

    host: str
    pid: int
    version: str
    queues: list[str]
    started_at: datetime
    seen_at: datetime
    condition: Condition = Condition()
    jobs: Sequence[int] = ()
    lease_s: float = 30.0
    wish: Wish = Wish.RUN
    wished_by: str | None = None
    kinds: list[str] | None = None

    def is_silent(self, now: datetime) -> bool:
        """Nothing was heard for a lease."""
        return now - self.seen_at >= timedelta(seconds=self.lease_s)


class Event(Struct, frozen=True):
    """Something happened in a queue."""

    at: datetime
    queue: str
    what: str


class State:
    """Everything; each port works on it between two awaits, so nobody sees half a change."""

    def __init__(self, system: str, clock: Clock, veil: Veil | None = None) -> None:
        self.system, self.now, self.veil = system, clock, veil
        self.live: dict[int, Entry] = {}
        self.ended: dict[int, Entry] = {}
        self.dead: dict[Place, Body] = {}
        self.settled: list[Settled] = []
        self.edits: list[Edited] = []
        self.trash: dict[Place, Settled] = {}
        self.untrashed: set[tuple[int, Place]] = set()
        self.tried: list[Tried] = []
        self.queues: dict[str, Pause | None] = {}
        self.draining: dict[str, Pause] = {}
        self.limits: dict[str, Limit] = {}
        self.spent_until: dict[str, datetime] = {}
        self.workers: dict[UUID, Present] = {}
        self.schedules: dict[str, Standing] = {}
        self.schedule_pauses: dict[str, Pause] = {}
        self.events: list[Event] = []
        self.requeued: list[Requeue] = []
        self.run_ends: Counter[tuple[int, str]] = Counter()
        self.totals: Counter[tuple[str, str]] = Counter()
        self.unfolded = 0
        self.tick = 0
        self.last_id = 0

    def note(self, queue: str, what: str) -> None:
        """Count an event; a queue is known from its first one."""
        self.events.append(Event(self.now(), queue, what))
        self.totals[queue, what] += 1
        self.queues.setdefault(queue, None)
        self.unfolded += 1

    def next_tick(self) -> int:
        """What comes now is younger than all that came before."""
        self.tick += 1
        return self.tick

    def freeze(self) -> Frozen:
        """This moment."""
        return Frozen(str(self.tick), self.now())

    def paused(self, queue: str) -> Pause | None:
        """The pause that holds now."""
        pause = self.queues.get(queue)
        return pause if pause and (pause.until is None or pause.until > self.now()) else None

    def held(self, ticket: Ticket) -> Entry | None:
        """The running job that the ticket fences; None where the ticket is stale."""
        job = self.live.get(ticket.id)
        fits = job and (job.state, job.attempt, job.owner) == ("running", ticket.attempt, ticket.owner)
        return job if fits else None

    def holder(self, queue: str, key: str | None) -> Entry | None:
        """The live job that holds a unique key."""
        if key is None:
            return None
        return next((job for job in self.live.values() if (job.queue, job.unique_key) == (queue, key)), None)

    def end(self, job: Entry, state: str, worker: str | None) -> None:
        """`done` or `cancelled`."""
        del self.live[job.id]
        job.state, job.worker, job.finished_at, job.owner = state, worker, self.now(), None
        self.ended[job.id] = job
        self.count_end(job, state)
        self.note(job.queue, "finished" if state == "done" else state)

    def bury(self, job: Entry, body: Body) -> None:
        """From live to dead."""
        del self.live[job.id]
        job.state, job.owner, job.fingerprint = "dead", None, body.fingerprint
        self.dead[body.died_at, job.id] = body
        self.count_end(job, "died")
        self.note(job.queue, "died")

    def count_end(self, job: Entry, what: str) -> None:
        """Of a job that a run moved."""
        if job.run_id is not None:
            self.run_ends[job.run_id, what] += 1

    def became(self, run: int) -> Became:
        """Of all that this run requeued."""
        ends = {what: self.run_ends[run, what] for what in ("done", "died", "cancelled", "recalled")}
        return became({"requeued": sum(moved.run == run for moved in self.requeued), **ends})

    def jobs(self) -> Iterator[Entry]:
        """Live, ended and dead."""
        yield from self.live.values()
        yield from self.ended.values()
        yield from (body.job for body in self.dead.values())


def copied(job: Entry) -> Entry:
    """The job as it is now, whatever becomes of it."""
    return replace(job)
