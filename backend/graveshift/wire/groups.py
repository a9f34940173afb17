"""Groups: failures of one cause, dead and still retrying."""

from datetime import datetime

from msgspec import Struct

from graveshift.wire.marks import Mark


class Group(Struct, frozen=True, kw_only=True):
    """`per_min` is failed attempts and deaths in the last minute; `died_again` counts deaths of requeued jobs.

    `message` is the newest message with its variable parts folded away. `trend` is failures per minute over the last
    30 minutes, oldest first. `first_version` and `last_version` are of the workers whose attempts failed first and
    last, of those that said one. None means that the system cannot say. `mark` is the last one before `first_seen`,
    by the times that marks have now; None where there is none.
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
