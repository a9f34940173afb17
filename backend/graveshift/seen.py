"""What a queue system tells of causes: how fast they come, where one is, and a sample of what it hit."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from graveshift.wire.groups import Part


class Seen(Struct, frozen=True, kw_only=True):
    """One thing of a sample: a letter, or a job that is retrying (`letter` and `died_at` None). Ids are public.

    `payload` is JSON as it was sent; None where there is none, or where it is too long to be looked at. `traceback` is
    that of the newest few only.
    """

    job_id: str
    letter: str | None = None
    died_at: datetime | None = None
    enqueued_at: datetime | None = None
    version: str | None = None
    trace_id: str | None = None
    payload: bytes | None = None
    traceback: str | None = None


class Explained(Struct, frozen=True):
    """A cause: the queues and kinds that it is in, most first, and a sample, newest first, with how it was taken.

    `as_of` is the system's clock.
    """

    queues: Sequence[Part]
    kinds: Sequence[Part]
    seen: Sequence[Seen]
    how: str
    as_of: datetime


class Pace(Struct, frozen=True):
    """Failed attempts, whatever their cause: in the last minute, and in each of the last minutes, oldest first.

    `came` is the jobs that were enqueued in the same minutes; empty: cannot say. The last one begins at `minute`, and
    is not over.
    """

    per_min: float
    trend: Sequence[int]
    came: Sequence[int] = ()
    minute: datetime | None = None
