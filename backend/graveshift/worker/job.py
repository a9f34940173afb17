"""What a handler takes, and what it may raise to say how its attempt shall end."""

import json
import threading
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from graveshift.work import Claimed

T = TypeVar("T")


# Whatever a handler or the service it asked says: later than this is never.
LONGEST_DELAY_S = 30 * 86400.0


def sane_delay_s(asked_s: float) -> float:
    """What was asked for, from at once (also for what is no number) to thirty days."""
    return min(max(0.0, asked_s), LONGEST_DELAY_S)


class Retry(Exception):
    """the handler asked for another attempt

    `delay_s` seconds from now instead of the usual back-off, thirty days at most. The attempt counts. Raised `from`
    another error, that error is the cause on record.
    """

    def __init__(self, delay_s: float, reason: str = "") -> None:
        self.delay_s = sane_delay_s(float(delay_s))
        super().__init__(reason or f"again in {self.delay_s:g} s")


class Dead(Exception):
    """the handler asked for no further attempt

    Raised `from` another error, that error is the cause on record.
    """


class Cancelled(Exception):
    """the handler stopped because it was asked to"""


class Exited(Exception):
    """the handler tried to end the process"""


class TimeLimitExceeded(Exception):
    """the attempt took longer than its time limit"""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"still running after {limit_s:g} s")


# Few flags are ever waited for, and an event costs as much as all the rest of a short job.
_MAKING = threading.Lock()


class Flag:
    """Set once, from the worker's side; true in a condition once it is, and waited for from a handler's thread."""

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._event: threading.Event | None = None
        self._is_set = False

    def __bool__(self) -> bool:
        return self._is_set

    def set(self) -> None:
        """Ask the handler to stop."""
        self._is_set = True
        if self._event is not None:
            self._event.set()

    def wait(self, timeout_s: float) -> bool:
        """Block this thread until the flag is set, `timeout_s` at most; whether it is set."""
        with _MAKING:
            event = self._event = self._event or threading.Event()
        return self._is_set or event.wait(timeout_s)


class Job(Struct, frozen=True, kw_only=True, dict=True, eq=False):
    """One attempt at a job. `payload` holds the producer's bytes; `attempt` counts claims and only grows.

    `cancelled` turns true when the job shall stop: an operator cancelled it, its time is up, its lease went to another
    worker, or this worker shuts down. Async handlers are cancelled as well; handlers in threads must look.
    """

    id: int
    queue: str
    kind: str
    payload: bytes
    attempt: int
    max_attempts: int
    enqueued_at: datetime
    trace_id: str | None = None
    cancelled: Flag = field(default_factory=Flag)

    @cached_property
    def data(self) -> Any:
        """The payload as Python values, decoded at the first use."""
        try:
            return msgspec.json.decode(self.payload)
        except msgspec.DecodeError:
            return json.loads(self.payload)

    def read(self, shape: type[T]) -> T:
        """The payload as a Struct, dataclass or TypedDict. Raises msgspec.ValidationError where it is none."""
        return msgspec.json.decode(self.payload, type=shape)

    def stop_if_cancelled(self) -> None:
        """Raises Cancelled once the job shall stop; for handlers in threads, between two steps."""
        if self.cancelled:
            raise Cancelled


def job_of(claimed: Claimed) -> Job:
    """The handler's view of a claim."""
    return Job(
        id=claimed.ticket.id,
        queue=claimed.queue,
        kind=claimed.kind,
        payload=bytes(claimed.payload),
        attempt=claimed.ticket.attempt,
        max_attempts=claimed.max_attempts,
        enqueued_at=claimed.enqueued_at,
        trace_id=claimed.trace_id,
    )
