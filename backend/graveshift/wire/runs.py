"""Runs: plans being carried out, and the outcome of each item."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from graveshift.wire.trials import Canary

SLOWEST, FASTEST = 0.01, 1_000_000.0
PerSecond = Annotated[float, Meta(ge=SLOWEST, le=FASTEST)]


class RunState(StrEnum):
    """`succeeded`: every item has an outcome. `failed`: the run stopped on `error`. `lost`: nobody can carry it on."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_live(self) -> bool:
        """True while the runner still has work to do on it."""
        return self in (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)


class Outcome(StrEnum):
    """`conflict`: something stood in the way; `gone`: another was quicker; `failed`: it was tried and did not work."""

    MOVED = "moved"
    CONFLICT = "conflict"
    GONE = "gone"
    FAILED = "failed"


class Became(Struct, frozen=True, kw_only=True):
    """What became by now of the jobs that a run requeued, sum by sum.

    `died` again, of whatever cause; `recalled` by an undo; `waiting`: not ended yet, between attempts too.
    """

    done: int = 0
    died: int = 0
    cancelled: int = 0
    recalled: int = 0
    waiting: int = 0


class Fate(StrEnum):
    """Of a job that a run requeued. `failed`: its first attempt did; `gone`: cancelled or recalled before that.

    `late`: it was neither done nor failed when the time of the canary was over, and is not yet.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LATE = "late"
    GONE = "gone"


class Steer(StrEnum):
    """What an operator did to a run: `rate` set its rate, which is the run's `rate` since."""

    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    RATE = "rate"


class Steered(Struct, frozen=True):
    """Takes hold at the next chunk: a run that still runs is not paused yet."""

    act: Steer
    by: str
    at: datetime


class Run(Struct, frozen=True, kw_only=True):
    """`total` is None until known; `rate` is items per second (None: not limited or not of that kind).

    `pace` is what holds now: less than the rate while it begins gently, None while it does not run or has no rate.
    `eta_s` is how long it will take yet, by pace and rate; None where it does not run, or nobody can say.
    Before `starts_at` nothing is done: until then a cancel is as if it had never been asked for. None: at once.
    `slowed` is the rate it has slowed itself down to, None while it has not. `halt` is why it paused or ended by
    itself, None where it did not or was resumed since. `canary` is None for a run without one. `became` is of
    requeues, None where nobody has looked. What a requeue moves is due `delay_s` after it moved, or `due_at` a time;
    at once where both are None. `steered` is who paused, resumed or cancelled it last, and who set its rate, newest
    first; the audit has every act.
    """

    id: str
    plan_id: str
    operation: str
    state: RunState
    total: int | None
    moved: int = 0
    conflict: int = 0
    gone: int = 0
    failed: int = 0
    rate: float | None = None
    pace: float | None = None
    eta_s: float | None = None
    actor: str
    reason: str | None = None
    starts_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    canary: Canary | None = None
    slowed: float | None = None
    halt: str | None = None
    became: Became | None = None
    delay_s: float | None = None
    due_at: datetime | None = None
    steered: list[Steered] = []

    @property
    def handled(self) -> int:
        """Items that have an outcome."""
        return self.moved + self.conflict + self.gone + self.failed


class Item(Struct, frozen=True):
    """One thing a run acted on: a letter, job or queue id or a step's name. `outcome` is None while it is under way.

    `fate` is of the job of a canary's letter, None for all others.
    """

    id: str
    outcome: Outcome | None
    detail: str | None = None
    job_id: str | None = None
    fate: Fate | None = None


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /v1/runs/{id}/rate` takes: items per second, None for unlimited."""

    per_s: PerSecond | None
