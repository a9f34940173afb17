"""Producers and workers in memory; see `graveshift.work.Work`."""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Raw

from graveshift.drivers.memory.ending import fail
from graveshift.drivers.memory.limiting import allowed, spend
from graveshift.drivers.memory.state import Entry, Present, State
from graveshift.errors import Invalid, QueueDraining
from graveshift.wire.jobs import NAME, NAME_WORDS, NewJob
from graveshift.wire.workers import Wish
from graveshift.work import Claimed, Condition, Failure, Pulse, Ticket


class MemoryWork:
    """Whole calls at once: nothing here awaits, so claims cannot race."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._cards: dict[UUID, Present] = {}
        self._rung = asyncio.Event()

    async def enqueue(self, jobs: Sequence[NewJob]) -> Sequence[int]:
        for job in jobs:
            _check(job)
            if job.queue in self._state.draining:
                raise QueueDraining(job.queue)
        self._rung.set()
        return [self._add(job, self._state.now()) for job in jobs]

    async def rung(self) -> None:
        await self._rung.wait()
        self._rung.clear()

    def _add(self, new: NewJob, now: datetime) -> int:
        state = self._state
        if holder := state.holder(new.queue, new.unique_key):
            return holder.id
        state.last_id += 1
        later = new.run_at is not None and new.run_at > now
        state.live[state.last_id] = Entry(
            id=state.last_id,
            queue=new.queue,
            kind=new.kind,
            state="scheduled" if later else "waiting",
            payload=bytes(new.payload),
            priority=new.priority,
            run_at=max(new.run_at or now, now),
            enqueued_at=now,
            max_attempts=new.max_attempts,
            budget=new.max_attempts,
            unique_key=new.unique_key,
            trace_id=new.trace_id,
            born=state.next_tick(),
        )
        state.note(new.queue, "enqueued")
        return state.last_id

    async def register(
        self,
        worker: UUID,
        host: str,
        pid: int,
        version: str,
        queues: Sequence[str],
        *,
        kinds: Sequence[str] | None = None,
    ) -> None:
        now = self._state.now()
        known = None if kinds is None else list(kinds)
        present = Present(host, pid, version, list(queues), now, now, kinds=known)
        self._cards[worker] = self._state.workers[worker] = present

    async def deregister(self, worker: UUID) -> None:
        self._cards.pop(worker, None)
        self._state.workers.pop(worker, None)

    async def claim(
        self,
        worker: UUID,
        queues: Sequence[str],
        kinds: Sequence[str],
        limit: int,
        lease_s: float,
        *,
        begin: int = 0,
        suspects: bool = True,
    ) -> Sequence[Claimed]:
        now = self._state.now()
        chosen = self._batch(allowed(self._state, self._due(queues, kinds, now, suspects)), limit)
        for place, job in enumerate(chosen):
            job.state, job.attempt, job.started_at, job.owner = "running", job.attempt + 1, now, worker
            job.lease_until = now + timedelta(seconds=lease_s)
            job.begun, job.lane = place < begin and not job.crashes, 0
            spend(self._state, job.queue)
        return [_claimed(job, worker) for job in chosen]

    def _due(self, queues: Sequence[str], kinds: Sequence[str], now: datetime, suspects: bool) -> list[Entry]:
        due = [
            job
            for job in self._state.live.values()
            if job.state not in ("running", "held") and job.run_at <= now and job.kind in kinds
            if (not queues or job.queue in queues) and (self._state.paused(job.queue) is None or job.lane > 0)
            if suspects or not job.crashes
        ]
        return sorted(due, key=lambda job: (-job.lane, -job.priority, job.run_at, job.id))

    @staticmethod
    def _batch(due: Sequence[Entry], limit: int) -> Sequence[Entry]:
        first = due[:limit]
        return first[:1] if first and first[0].crashes else [job for job in first if not job.crashes]

    async def begin(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        for ticket in tickets:
            if job := self._state.held(ticket):
                job.begun, job.started_at = True, self._state.now()
        return [ticket for ticket in tickets if self._state.held(ticket) is None]

    async def finish(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        return self._end(tickets, "done", worker)

    async def cancelled(self, tickets: Sequence[Ticket], worker: str) -> Sequence[Ticket]:
        return self._end(tickets, "cancelled", worker)

    def _end(self, tickets: Sequence[Ticket], how: str, worker: str) -> list[Ticket]:
        held = [(ticket, self._state.held(ticket)) for ticket in tickets]
        for _, job in held:
            if job is not None:
                self._state.end(job, how, worker)
        return [ticket for ticket, job in held if job is None]

    async def fail(self, failures: Sequence[Failure]) -> Sequence[Ticket]:
        held = [(failure, self._state.held(failure.ticket)) for failure in failures]
        now = self._state.now()
        for failure, job in held:
            if job is not None:
                fail(self._state, job, failure, now)
        return [failure.ticket for failure, job in held if job is None]

    async def beat(self, worker: UUID, tickets: Sequence[Ticket], lease_s: float, condition: Condition) -> Pulse:
        now = self._state.now()
        if present := self._cards.get(worker):
            self._state.workers[worker] = present
            present.seen_at, present.lease_s, present.condition = now, lease_s, condition
            present.jobs = [ticket.id for ticket in tickets]
        held = [(ticket, self._state.held(ticket)) for ticket in tickets]
        for _, job in held:
            if job is not None:
                job.lease_until = now + timedelta(seconds=lease_s)
        asked = [ticket for ticket, job in held if job is not None and job.cancel_requested]
        return Pulse([ticket for ticket, job in held if job is None], asked)

    async def heed(self, worker: UUID) -> Wish:
        present = self._state.workers.get(worker)
        return present.wish if present else Wish.RUN

    async def release(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        held = [(ticket, self._state.held(ticket)) for ticket in tickets]
        for _, job in held:
            if job is not None:
                release(self._state, job)
        return [ticket for ticket, job in held if job is None]


def release(state: State, job: Entry) -> None:
    """Give back without burning an attempt; a job asked to stop goes no further."""
    if job.cancel_requested:
        state.end(job, "cancelled", None)
        return
    job.state, job.owner, job.begun = "waiting" if job.fingerprint is None else "retrying", None, False
    job.max_attempts, job.started_at = job.max_attempts + 1, None
    state.unfolded += 1


def _check(job: NewJob) -> None:
    texts = (job.unique_key or "") + (job.trace_id or "")
    if not (re.fullmatch(NAME, job.queue) and re.fullmatch(NAME, job.kind)) or "\0" in texts:
        raise Invalid(f"names are {NAME_WORDS}")
    try:
        json.loads(bytes(job.payload).decode(), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise Invalid("the payload is not JSON") from error


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _claimed(job: Entry, worker: UUID) -> Claimed:
    return Claimed(
        ticket=Ticket(job.id, job.attempt, worker),
        queue=job.queue,
        kind=job.kind,
        payload=Raw(job.payload),
        priority=job.priority,
        max_attempts=job.max_attempts,
        tried=job.attempt - job.max_attempts + job.budget,
        enqueued_at=job.enqueued_at,
        started_at=job.started_at or job.enqueued_at,
        trace_id=job.trace_id,
        run_id=job.run_id,
        alone=job.crashes > 0,
    )
