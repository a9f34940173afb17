"""Queues as the overview and the queue screen show them."""

from datetime import datetime

from msgspec import Struct


class Limit(Struct, frozen=True):
    """How many of a queue's jobs may run at once, and start a second once `burst` are gone, over all workers.

    None means no limit. `at` is since when it is so.
    """

    concurrency: int | None = None
    per_s: float | None = None
    burst: int | None = None
    by: str | None = None
    reason: str | None = None
    at: datetime | None = None


class Queue(Struct, frozen=True):
    """Counts are jobs; ages are seconds by the database clock; rates are per second over the last half minute.

    None means that the system cannot say. `paused_until` None on a paused queue means until resumed.
    A `draining` queue takes no new jobs; `held` jobs are live and not handed out, and the last of their holds ends at
    `held_until`, None where one has no end. `limit` None: it has none. `_at` is since when it is so.
    """

    id: str
    system: str
    name: str
    waiting: int | None = None
    retrying: int | None = None
    scheduled: int | None = None
    running: int | None = None
    dead: int | None = None
    oldest_age_s: float | None = None
    in_per_s: float | None = None
    out_per_s: float | None = None
    dead_per_min: float | None = None
    workers: int | None = None
    paused: bool | None = None
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    paused_by: str | None = None
    paused_reason: str | None = None
    held: int | None = None
    held_until: datetime | None = None
    draining: bool | None = None
    draining_at: datetime | None = None
    draining_by: str | None = None
    draining_reason: str | None = None
    limit: Limit | None = None
