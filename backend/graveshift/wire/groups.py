"""Groups: failures of one cause, dead and still retrying."""

from datetime import datetime

from msgspec import Struct


class Group(Struct, frozen=True, kw_only=True):
    """`per_min` is failed attempts and deaths in the last minute; `died_again` counts deaths of requeued jobs.

    `message` is the newest message with its variable parts folded away. `trend` is failures per minute over the last
    30 minutes, oldest first. None means that the system cannot say.
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
