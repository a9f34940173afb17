"""What operators have done to a queue, as plans say it: who, since when, until when and why."""

from datetime import datetime

from graveshift.selection.wording import moment, until
from graveshift.wire.queues import Limit, Queue


def paused(queue: Queue) -> str:
    """`paused by ana since 2026-11-22 03:10:00Z until it is resumed: "the bank is down"`."""
    known = _known(queue.paused_by, queue.paused_at)
    return f"paused{known} {until(queue.paused_until, 'it is resumed')}{_why(queue.paused_reason)}"


def draining(queue: Queue) -> str:
    """`draining by bob since 2026-11-22 03:10:00Z: "it moves to another region"`."""
    return f"draining{_known(queue.draining_by, queue.draining_at)}{_why(queue.draining_reason)}"


def set_by(limit: Limit | None) -> str:
    """` by ana since 2026-11-22 03:10:00Z: "the bank is slow"`, of a limit."""
    return f"{_known(limit.by, limit.at)}{_why(limit.reason)}" if limit else ""


def standing(queue: Queue) -> list[str]:
    """The pause and the drain, where there are such."""
    return [*([paused(queue)] if queue.paused else []), *([draining(queue)] if queue.draining else [])]


def _known(by: str | None, at: datetime | None) -> str:
    return (f" by {by}" if by else "") + (f" since {moment(at)}" if at else "")


def _why(reason: str | None) -> str:
    return f': "{reason}"' if reason else ""
