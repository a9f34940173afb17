"""Limits of queues: how many of their jobs may be handed out now."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from graveshift.drivers.memory.ending import readable
from graveshift.drivers.memory.state import Entry, State
from graveshift.wire.queues import Limit


def limit(state: State, queue: str, wanted: Limit) -> None:
    """What is spent stays spent, but is at most the new burst."""
    by, reason = wanted.by and readable(wanted.by), wanted.reason and readable(wanted.reason)
    state.queues.setdefault(queue, None)
    state.limits[queue] = replace(wanted, by=by, reason=reason, at=state.now())
    if wanted.per_s and wanted.burst and queue in state.spent_until:
        full = state.now() + timedelta(seconds=wanted.burst / wanted.per_s)
        state.spent_until[queue] = min(state.spent_until[queue], full)


def limit_of(state: State, queue: str) -> Limit | None:
    """The limit that holds; one of nothing is none."""
    found = state.limits.get(queue)
    return found if found and (found.concurrency or found.per_s) else None


def allowed(state: State, due: Sequence[Entry]) -> list[Entry]:
    """Of these, in their order, no more of each queue than it may hand out."""
    left = Counter({queue: allowance(state, queue) for queue in {job.queue for job in due}})
    chosen = []
    for job in due:
        if left[job.queue] > 0:
            left[job.queue] -= 1
            chosen.append(job)
    return chosen


def allowance(state: State, queue: str) -> int:
    """How many jobs of a queue may start now."""
    found, most = state.limits.get(queue, Limit()), len(state.live)
    if found.concurrency is not None:
        running = sum(job.queue == queue and job.state == "running" for job in state.live.values())
        most = min(most, found.concurrency - running)
    if found.per_s and found.burst:
        ahead_s = max(0.0, (_spent_until(state, queue) - state.now()).total_seconds())
        most = min(most, math.floor(found.burst - found.per_s * ahead_s))
    return most


def spend(state: State, queue: str) -> None:
    """A job of this queue is handed out."""
    found = state.limits.get(queue, Limit())
    if found.per_s:
        part = timedelta(microseconds=math.ceil(1e6 / found.per_s))
        state.spent_until[queue] = max(_spent_until(state, queue), state.now()) + part


def _spent_until(state: State, queue: str) -> datetime:
    return state.spent_until.get(queue, state.now())
