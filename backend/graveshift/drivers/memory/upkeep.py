"""Housekeeping in memory; see `graveshift.work.Upkeep`."""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from graveshift.drivers.memory.ending import bury, record
from graveshift.drivers.memory.state import Entry, State
from graveshift.drivers.memory.touching import release_held
from graveshift.drivers.memory.work import release
from graveshift.fingerprint import fingerprint
from graveshift.work import Counters, Failure, Guard, Keeping, Reconciled, Ticket

CRASHED = ("WorkerCrashed", "the worker vanished while the job was running")
FORGOTTEN_AFTER = timedelta(minutes=5)
POISON = ("poison", "the job crashed every worker that ran it alone")


class MemoryUpkeep:
    """The same judgements as the native queue's."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def sweep(self, crash_limit: int) -> int:
        now = self._state.now()
        running = [job for job in self._state.live.values() if job.state == "running"]
        silent = [job for job in running if job.lease_until is not None and job.lease_until <= now]
        for job in silent:
            self._take_back(job, crash_limit, now)
        for job in self._state.live.values():
            if job.state == "scheduled" and job.run_at <= now:
                job.state = "waiting"
        release_held(self._state, now)
        self._forget(now)
        return len(silent)

    def _forget(self, now: datetime) -> None:
        """Workers of whom nothing was heard for long, and in whose name nothing is."""
        busy = {job.owner for job in self._state.live.values() if job.state == "running"}
        for id, worker in list(self._state.workers.items()):
            if id not in busy and worker.is_silent(now) and now - worker.seen_at > FORGOTTEN_AFTER:
                del self._state.workers[id]

    def _take_back(self, job: Entry, crash_limit: int, now: datetime) -> None:
        if job.cancel_requested or not job.begun or job.owner is None:
            release(self._state, job)
            return
        poison = job.crashes >= crash_limit
        failure = self._blame(job, job.owner, POISON if poison else CRASHED)
        final = poison or job.attempt >= job.max_attempts
        record(self._state, job, failure, now, final=final)
        if final:
            bury(self._state, job, failure, now)
            return
        job.state, job.owner, job.begun, job.run_at = "retrying", None, False, now
        job.crashes, job.fingerprint = job.crashes + 1, failure.fingerprint
        job.worker_version = failure.worker_version

    def _blame(self, job: Entry, owner: UUID, words: tuple[str, str]) -> Failure:
        present = self._state.workers.get(owner)
        return Failure(
            ticket=Ticket(job.id, job.attempt, owner),
            error_type=words[0],
            error_message=words[1],
            traceback="",
            fingerprint=fingerprint(*words),
            retry_in_s=None,
            worker=f"{present.host}:{present.pid}" if present else str(owner),
            worker_version=present.version if present else "",
        )

    async def roll_up(self) -> int:
        """There is nothing to fold but the number of changes."""
        changes, self._state.unfolded = self._state.unfolded, 0
        return changes

    async def reconcile(self) -> Reconciled:
        """Nothing is counted before it is asked for, so nothing can be off."""
        return Reconciled(len(self._state.live) + len(self._state.dead), 0, 0.0)

    async def vacuum(self) -> int:
        return 0

    async def prune(self, keep: Keeping, guard: Guard) -> int:
        """How many days of ends were forgotten; one process leads itself, and no guard is asked."""
        state, now = self._state, self._state.now()
        done, dead, trash, history = (
            now - timedelta(days=days) for days in (keep.done_days, keep.dead_days, keep.trash_days, keep.history_days)
        )
        old = {job.id: job.finished_at for job in state.ended.values() if job.finished_at and job.finished_at < done}
        late = [place for place, body in state.dead.items() if max(place[0], body.restored_at or place[0]) < dead]
        days = {at.date() for at in old.values()} | {place[0].date() for place in late}
        state.ended = {id: job for id, job in state.ended.items() if id not in old}
        state.dead = {place: body for place, body in state.dead.items() if place not in late}
        state.settled = [settled for settled in state.settled if settled.at >= trash]
        state.trash = {place: settled for place, settled in state.trash.items() if settled.at >= trash}
        state.tried = [tried for tried in state.tried if tried.told.finished_at >= history]
        state.events = [event for event in state.events if event.at >= state.now() - timedelta(hours=1)]
        return len(days)

    async def counters(self) -> Counters:
        state, now = self._state, self._state.now()
        depth = Counter((job.queue, job.state) for job in state.live.values()) + state.totals
        depth += Counter((body.job.queue, "dead") for body in state.dead.values())
        oldest: dict[str, float] = {}
        for job in state.live.values():
            if job.state not in ("running", "held") and job.run_at <= now:
                age = (now - job.run_at).total_seconds()
                oldest[job.queue] = max(oldest.get(job.queue, 0.0), age)
        return Counters(depth, oldest)
