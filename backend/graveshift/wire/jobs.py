"""Jobs: one unit of work in a queue, and what a producer sends to enqueue one."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Raw, Struct, field

from graveshift.wire.edits import Edit
from graveshift.wire.moments import Moment, check_moments

NAME = r"^[A-Za-z0-9._:-]{1,128}(?!\n)$"  # a bare $ would let a last newline in
NAME_WORDS = "1 to 128 letters, digits and `. _ : -`"
Name = Annotated[str, Meta(pattern=NAME)]


class JobState(StrEnum):
    """`waiting`, `scheduled`, `retrying`, `running` and `held` are live; the rest are ends."""

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    RETRYING = "retrying"
    RUNNING = "running"
    HELD = "held"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Job(Struct, frozen=True, kw_only=True):
    """`attempt` counts claims and only grows; higher `priority` goes first; None means that the system cannot say.

    `held_until` None on a held job means until it is released.
    """

    id: str
    system: str
    queue: str
    kind: str
    state: JobState
    priority: int | None = None
    attempt: int | None = None
    max_attempts: int | None = None
    run_at: datetime | None = None
    enqueued_at: datetime | None = None
    started_at: datetime | None = None
    worker: str | None = None
    unique_key: str | None = None
    held_until: datetime | None = None


class JobDetail(Job, frozen=True, kw_only=True):
    """One job with its payload (raw JSON as it was sent; `null` also for "cannot say") and how it came here.

    `held_by` and `held_at` are of the run that held it last, as long as the ledger keeps that run. `edits` are oldest
    first. `trace_url` is where its trace is looked at, None where there is none or nobody knows where.
    """

    payload: Raw = field(default_factory=lambda: Raw(b"null"))
    finished_at: datetime | None = None
    trace_id: str | None = None
    run_id: str | None = None
    requeue_count: int | None = None
    cancel_requested: bool = False
    held_reason: str | None = None
    held_by: str | None = None
    held_at: datetime | None = None
    edits: list[Edit] = []
    trace_url: str | None = None


class NewJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job to enqueue. `payload` keeps its bytes; `run_at` in the past or absent means now.

    A `unique_key` that a live job of the same queue holds returns that job's id instead of a second job.
    """

    queue: Name
    kind: Name
    payload: Raw = field(default_factory=lambda: Raw(b"{}"))
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    run_at: Moment | None = None
    max_attempts: Annotated[int, Meta(ge=1, le=1000)] = 5
    unique_key: Annotated[str, Meta(min_length=1, max_length=512)] | None = None
    trace_id: Annotated[str, Meta(max_length=128)] | None = None

    def __post_init__(self) -> None:
        """Refuses a time that the queue could not hold."""
        check_moments(run_at=self.run_at)


class NewJobs(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 jobs, enqueued in one transaction."""

    jobs: Annotated[list[NewJob], Meta(min_length=1, max_length=1000)]


class Enqueued(Struct, frozen=True):
    """The ids of the jobs, in the order they were sent."""

    ids: list[str]
