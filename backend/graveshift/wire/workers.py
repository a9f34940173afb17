"""Workers: processes that run jobs."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class WorkerState(StrEnum):
    """`silent` is a worker not heard of for a lease: its jobs are taken back, and after minutes it is forgotten."""

    RUNNING = "running"
    QUIET = "quiet"
    STOPPING = "stopping"
    SILENT = "silent"


class Wish(StrEnum):
    """What operators want of a worker: claim on; claim nothing; finish what runs, then end; end within its grace."""

    RUN = "run"
    QUIET = "quiet"
    DRAIN = "drain"
    STOP = "stop"

    @property
    def is_last(self) -> bool:
        """There is no way back from it: the worker ends."""
        return self in (Wish.DRAIN, Wish.STOP)


class Worker(Struct, frozen=True, kw_only=True):
    """`running` is how many jobs ran in it at its last heartbeat, `jobs` the ids of some that it held then, among them
    what it had not started yet and what it had ended and not told; `heartbeat_age_s` is by the database clock;
    `memory_bytes` is what the process has resident; `kinds` are those it has handlers for, None: cannot say.
    """

    id: str
    host: str | None = None
    pid: int | None = None
    version: str | None = None
    queues: list[str] = []
    running: int | None = None
    started_at: datetime | None = None
    heartbeat_age_s: float | None = None
    state: WorkerState | None = None
    wish: Wish | None = None
    wished_by: str | None = None
    memory_bytes: int | None = None
    jobs: list[str] = []
    kinds: list[str] | None = None
