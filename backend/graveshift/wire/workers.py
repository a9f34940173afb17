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


class Worker(Struct, frozen=True, kw_only=True):
    """`running` is the number of jobs under way; `heartbeat_age_s` is by the database clock."""

    id: str
    host: str | None = None
    pid: int | None = None
    version: str | None = None
    queues: list[str] = []
    running: int | None = None
    started_at: datetime | None = None
    heartbeat_age_s: float | None = None
    state: WorkerState | None = None
