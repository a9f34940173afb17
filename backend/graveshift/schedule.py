"""Entries of the timetable: when one is due, by its cron expression in its time zone, and which slots it fires."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile, tee
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError
from msgspec import Meta, Struct

from graveshift.wire.jobs import Name

# A slot that is found due later than this was missed. Takeover after a leader's death takes less.
ON_TIME_S = 60.0
ENTRY = r"[A-Za-z0-9._:-]{1,64}"


class Missed(StrEnum):
    """What becomes of slots that nobody was there to fire: none is made up for, one job for all of them, or each."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job to enqueue at each slot of `cron` (five fields, six with seconds) in `timezone`.

    `missed_limit` is how many slots `all` makes up for at most, the latest ones. Raises ValueError, key first.
    """

    cron: str
    queue: Name
    kind: Name
    timezone: str = "UTC"
    payload: Any = {}
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    max_attempts: Annotated[int, Meta(ge=1, le=1000)] = 5
    missed: Missed = Missed.ONCE
    missed_limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    enabled: bool = True

    def __post_init__(self) -> None:
        """Refuses what could never fire."""
        try:
            zone = ZoneInfo(self.timezone)
        except (OSError, ValueError, LookupError) as error:
            raise ValueError(f"timezone: this machine knows no time zone `{self.timezone}`") from error
        try:
            next(CronSim(self.cron, datetime.now(zone)))
        except (CronSimError, StopIteration) as error:
            why = str(error) or "it is never due"
            raise ValueError(f"cron: `{self.cron}` is no cron expression: {why}") from error
        try:
            msgspec.json.encode(self.payload)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ValueError(f"payload: not JSON: {error}") from error


def next_slot(schedule: Schedule, after: datetime) -> datetime:
    """The first slot strictly after a moment, in UTC."""
    return next(CronSim(schedule.cron, after.astimezone(ZoneInfo(schedule.timezone)))).astimezone(UTC)


def due(schedule: Schedule, after: datetime, now: datetime) -> Sequence[datetime]:
    """Slots after one moment and before another, oldest first, in UTC: of missed ones the latest `missed_limit`.

    They are found from the end, so that a long absence costs no more than a short one.
    """
    back = CronSim(schedule.cron, now.astimezone(ZoneInfo(schedule.timezone)), reverse=True)
    found = takewhile(lambda slot: slot > after, (slot.astimezone(UTC) for slot in back))
    on_time, missed = tee(found)
    slots = [*takewhile(lambda slot: not is_missed(slot, now), on_time)]
    return [*slots, *islice(missed, len(slots), len(slots) + schedule.missed_limit)][::-1]


def is_missed(slot: datetime, now: datetime) -> bool:
    """It is found due too late to pass for on time."""
    return now - slot > timedelta(seconds=ON_TIME_S)


def next_run(schedule: Schedule, slot: datetime, now: datetime, paused_until: datetime | None = None) -> datetime:
    """When it next gives a job: after a pause at its very end, where it has missed what its policy makes up for."""
    if paused_until is None:
        return next_slot(schedule, now)
    made_up = to_fire(schedule, due(schedule, slot, paused_until), paused_until)
    return paused_until if made_up else next_slot(schedule, paused_until)


def to_fire(schedule: Schedule, slots: Sequence[datetime], now: datetime) -> Sequence[datetime]:
    """Those of the due slots that get a job; a slot that is due within the last minute is not missed."""
    if not schedule.enabled:
        return []
    match schedule.missed:
        case Missed.ALL:
            return slots
        case Missed.ONCE:
            return slots[-1:]
        case Missed.SKIP:
            return [slot for slot in slots if not is_missed(slot, now)]
