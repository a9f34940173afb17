"""Dead letters: jobs that used up their attempts, with what they died of."""

from datetime import datetime

from msgspec import Raw, Struct, field

from graveshift.wire.edits import Edit


class Letter(Struct, frozen=True, kw_only=True):
    """`attempts` of `max_attempts` were made; `run_id` is the run that last moved the job; None means "cannot say"."""

    id: str
    job_id: str
    system: str
    queue: str
    kind: str
    fingerprint: str
    error_type: str
    error_message: str
    attempts: int | None = None
    max_attempts: int | None = None
    enqueued_at: datetime | None = None
    died_at: datetime
    requeue_count: int | None = None
    run_id: str | None = None
    worker_version: str | None = None
    trace_id: str | None = None


class Attempt(Struct, frozen=True):
    """One failed attempt; `attempt` counts from 1."""

    attempt: int
    started_at: datetime | None
    finished_at: datetime
    worker: str | None
    error_type: str
    error_message: str


class Life(Struct, frozen=True, kw_only=True):
    """An earlier death of the same job, and the run that brought it back; `by` None: the ledger keeps that run no more.

    Known as long as `queue.keep_trash_days` from then on.
    """

    died_at: datetime
    error_type: str
    fingerprint: str
    run_id: str
    back_at: datetime
    by: str | None = None


class LetterDetail(Letter, frozen=True, kw_only=True):
    """A dead letter with its payload (raw JSON as sent), the last traceback and every failed attempt, oldest first.

    A payload of `null` may also mean "cannot say": msgspec reads no `Raw | None`. `edits` are those before this death,
    oldest first, and so are `lives`. `siblings` is how many letters of the same cause there are, this one among them.
    `trace_url` is where its trace is looked at, None where there is none or nobody knows where.
    """

    payload: Raw = field(default_factory=lambda: Raw(b"null"))
    traceback: str | None = None
    history: list[Attempt] = []
    edits: list[Edit] = []
    lives: list[Life] = []
    siblings: int | None = None
    trace_url: str | None = None
