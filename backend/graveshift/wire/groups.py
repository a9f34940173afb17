"""Groups: failures of one cause, dead and still retrying, and what is known and done about it."""

from datetime import datetime

from msgspec import Struct

from graveshift.wire.marks import Mark
from graveshift.wire.plans import Forecast


class Claim(Struct, frozen=True):
    """Who is on a cause; `until` None means until it is released."""

    by: str
    since: datetime
    until: datetime | None = None


class Note(Struct, frozen=True):
    """What was written about a cause, last."""

    text: str
    by: str
    at: datetime


class RunbookLink(Struct, frozen=True):
    """What to read: `page` is the name of one of ours, `url` is anywhere else; one of them is there."""

    title: str
    page: str | None = None
    url: str | None = None


class Group(Struct, frozen=True, kw_only=True):
    """`per_min` is failures in the last minute: attempts that failed, retries too. `died_again` counts requeued jobs.

    `message` is the newest message with its variable parts folded away. `trend` is failures per minute over the last
    30 minutes, oldest first. `first_version` and `last_version` are of the workers whose attempts failed first and
    last, of those that said one. None means that the system cannot say. `mark` is the last one before `first_seen`,
    by the times that marks have now; None where there is none.

    `again` is the highest number of requeues that a letter of this cause has died after. `share` is its part of all
    that is dead or retrying in its system, 0 to 1. `split` is the payload field that parts it from others of the same
    error. `claim`, `note` and `runbook` are None where there is none. `may_have_arrived` is what in the error says that
    the job may have had its effect before it failed, None where nothing does.
    """

    id: str
    fingerprint: str
    system: str
    queue: str
    kind: str
    error_type: str
    message: str
    dead: int
    retrying: int | None = None
    per_min: float | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    died_again: int | None = None
    trend: list[int] | None = None
    first_version: str | None = None
    last_version: str | None = None
    mark: Mark | None = None
    again: int | None = None
    share: float | None = None
    split: str | None = None
    claim: Claim | None = None
    note: Note | None = None
    runbook: RunbookLink | None = None
    may_have_arrived: str | None = None


class Part(Struct, frozen=True):
    """How much of a cause is in one queue, or of one kind: dead and retrying."""

    name: str
    n: int


class Requeued(Struct, frozen=True, kw_only=True):
    """One run that requeued letters of this cause: `moved` of them, of `whole` that it requeued altogether.

    The fates are of all that the run requeued, by now: `done`, `died` again (of whatever cause), `cancelled`,
    `recalled` by an undo, and `waiting`: not ended yet. `by` is None where the run is not on the record any more.
    """

    run_id: str
    at: datetime
    by: str | None = None
    moved: int
    whole: int
    done: int
    died: int
    cancelled: int = 0
    recalled: int = 0
    waiting: int = 0


class FacetValue(Struct, frozen=True):
    """One value and how many of the sample have it; `share` is of the whole sample, 0 to 1."""

    value: str
    n: int
    share: float


class Facet(Struct, frozen=True):
    """A sample by one thing: a payload field (`payload.host`), `version` of the worker, `enqueued` how long ago.

    Values are the most frequent first, but ages the youngest first; `more` is how many further values there are.
    """

    by: str
    values: list[FacetValue]
    more: int = 0


class Faceted(Struct, frozen=True):
    """One cause by one thing, of `sampled` letters or jobs, which `sample` describes; `***` where it holds secrets."""

    facet: Facet
    sampled: int
    sample: str


class Sample(Struct, frozen=True, kw_only=True):
    """One letter, or a job that is still retrying: `payload` is JSON, redacted and cut; None where there is none.

    `letter` is the id of the letter, None of a job. `place` is the innermost line of the author's own code.
    """

    job_id: str
    letter: str | None = None
    died_at: datetime | None = None
    payload: str | None = None
    place: str | None = None
    trace_id: str | None = None


class GroupDetail(Group, frozen=True, kw_only=True):
    """One cause in full. `queues` and `kinds` say where else the same error is, the most first.

    `facets` are of `sampled` letters, which `sample` describes; `samples` are the newest of them. `requeues` are the
    last runs that requeued letters of it, the newest first: empty where it never was, None where the system cannot
    say. `rate_per_s` is how fast a requeue that names no rate would go, and `forecast` what it would take to requeue
    all that are dead of it; None where nothing is foretold.
    """

    queues: list[Part] = []
    kinds: list[Part] = []
    facets: list[Facet] = []
    sampled: int = 0
    sample: str = ""
    samples: list[Sample] = []
    requeues: list[Requeued] | None = None
    rate_per_s: float | None = None
    forecast: Forecast | None = None
