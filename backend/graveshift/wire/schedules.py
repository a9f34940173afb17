"""Schedules: jobs that the timetable enqueues by itself, again and again."""

from datetime import datetime

from msgspec import Struct


class ScheduleInfo(Struct, frozen=True, kw_only=True):
    """`next_at` is None where it is not enabled, or paused without an end; `last_slot` is what the last job was for.

    `last_fired_at` is when that job was enqueued; `last_job` is a job's public id, None where none was enqueued yet.
    Jobs fired by hand are none of these. `paused_until` None on a paused one means until it is resumed.
    """

    id: str
    cron: str
    timezone: str
    queue: str
    kind: str
    missed: str
    enabled: bool
    next_at: datetime | None = None
    last_slot: datetime | None = None
    last_fired_at: datetime | None = None
    last_job: str | None = None
    paused: bool = False
    paused_until: datetime | None = None
    paused_by: str | None = None
    paused_reason: str | None = None
