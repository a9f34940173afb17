"""How dead letters come back to waiting: as they were, or elsewhere, later, edited; and what they have in common."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct


class Back(Struct, frozen=True, kw_only=True):
    """How letters come back to waiting; as it stands: each to its queue, at once, with all its attempts, as it was.

    `queue` is another queue. `run_at` is when they are due, or `delay_s` how long after their move; the past is now.
    `keep_attempts`: only those that were left, at least one. `edited` are new payloads, JSON text by native id,
    and `by` is who edited them.
    """

    queue: str | None = None
    run_at: datetime | None = None
    delay_s: float | None = None
    keep_attempts: bool = False
    edited: Mapping[str, str] = {}
    by: str = ""

    @property
    def alters(self) -> bool:
        """True where they come back otherwise than they were."""
        return self != AS_IT_WAS


AS_IT_WAS = Back()


class Alike(Struct, frozen=True, kw_only=True):
    """So many letters of one queue, kind and cause that `run_id` moved last, the newest of them saying `message`.

    `split` is the payload field that parts their cause from others of the same error, as `customer=acme`; None: none.

    `taken` of them have a unique key that a live job holds in the queue they would come back to, or an earlier one of
    them does; None: cannot say.
    """

    queue: str
    kind: str
    fingerprint: str
    error_type: str
    n: int
    message: str = ""
    split: str | None = None
    run_id: str | None = None
    taken: int | None = None
