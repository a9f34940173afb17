"""What is done to live jobs that no worker has."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Touch(StrEnum):
    """What is done to a live job that no worker has: running ones are a `conflict` for all of these.

    `hold`: it keeps its place and is not handed out; `release`: it is what it was before; `bury`: it becomes a letter
    of error type `buried`; `retry`: it is due now; `purge`: it becomes cancelled.
    """

    HOLD = "hold"
    RELEASE = "release"
    BURY = "bury"
    RETRY = "retry"
    PURGE = "purge"


class Order(Struct, frozen=True):
    """A touch, by which run; `until` is the end of a hold, None for until released; `reason` is of a hold or burial."""

    touch: Touch
    run_id: int
    until: datetime | None = None
    reason: str | None = None


class Held(Struct, frozen=True):
    """So many jobs are held alike: `until` None means until they are released."""

    n: int
    until: datetime | None = None
    reason: str | None = None
