"""The memory queue as a system; see `graveshift.driver.Source`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from graveshift.back import AS_IT_WAS, Back
from graveshift.driver import Can, Fates, Move, Scan, Unit, Verdict
from graveshift.drivers.memory import limiting
from graveshift.drivers.memory.ending import readable
from graveshift.drivers.memory.moving import erase, move, recall, restore
from graveshift.drivers.memory.showing import detail
from graveshift.drivers.memory.state import Pause, Present, State
from graveshift.drivers.memory.touching import touch
from graveshift.store.position import job_number, letter_position
from graveshift.touch import Order
from graveshift.trial import fates
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.ids import encode
from graveshift.wire.queues import Limit, Queue
from graveshift.wire.runs import Outcome
from graveshift.wire.workers import Wish, Worker, WorkerState

RATED_S = 30.0


class MemorySource:
    """Everything but joining a transaction."""

    can = frozenset(Can) - {Can.TRANSACT}

    def __init__(self, state: State) -> None:
        self.system = state.system
        self._state = state

    async def queues(self) -> Sequence[Queue]:
        return [self._queue(name) for name in sorted(self._state.queues)]

    async def queue(self, native: str) -> Queue | None:
        return self._queue(native) if native in self._state.queues else None

    def _queue(self, name: str) -> Queue:
        now, pause, drain = self._state.now(), self._state.paused(name), self._state.draining.get(name)
        live = [job for job in self._state.live.values() if job.queue == name]
        due = [job.run_at for job in live if job.state not in ("running", "held") and job.run_at <= now]
        states = [job.state for job in live]
        ends = [job.held_until for job in live if job.state == "held"]
        known = [end for end in ends if end is not None]
        return Queue(
            id=encode(self.system, name),
            system=self.system,
            name=name,
            waiting=states.count("waiting"),
            retrying=states.count("retrying"),
            scheduled=states.count("scheduled"),
            running=states.count("running"),
            held=states.count("held"),
            held_until=max(known) if known and len(known) == len(ends) else None,
            dead=sum(body.job.queue == name for body in self._state.dead.values()),
            oldest_age_s=(now - min(due)).total_seconds() if due else None,
            in_per_s=self._recent(name, "enqueued") / RATED_S,
            out_per_s=self._recent(name, "finished") / RATED_S,
            dead_per_min=self._recent(name, "died") * 60 / RATED_S,
            workers=sum(
                (name in w.queues or not w.queues) and not w.is_silent(now) for w in self._state.workers.values()
            ),
            paused=pause is not None,
            paused_at=pause.at if pause else None,
            paused_until=pause.until if pause else None,
            paused_by=pause.by if pause else None,
            paused_reason=pause.reason if pause else None,
            draining=drain is not None,
            draining_at=drain.at if drain else None,
            draining_by=drain.by if drain else None,
            draining_reason=drain.reason if drain else None,
            limit=limiting.limit_of(self._state, name),
        )

    def _recent(self, name: str, *whats: str) -> int:
        since = self._state.now() - timedelta(seconds=RATED_S)
        return sum(event.at >= since and event.queue == name and event.what in whats for event in self._state.events)

    async def workers(self) -> Sequence[Worker]:
        return [self._worker(str(id), worker) for id, worker in self._state.workers.items()]

    def _worker(self, id: str, worker: Present) -> Worker:
        age = (self._state.now() - worker.seen_at).total_seconds()
        return Worker(
            id=encode(self.system, id),
            host=worker.host,
            pid=worker.pid,
            version=worker.version,
            queues=worker.queues,
            running=worker.condition.running,
            started_at=worker.started_at,
            heartbeat_age_s=age,
            state=WorkerState.SILENT if worker.is_silent(self._state.now()) else worker.condition.state,
            wish=worker.wish,
            wished_by=worker.wished_by,
            memory_bytes=worker.condition.memory_bytes,
            jobs=[encode(self.system, str(job)) for job in worker.jobs],
            kinds=worker.kinds,
        )

    async def scan(self, mark: str | None, limit: int) -> Scan:
        """Nothing: these letters need no index."""
        return Scan([], mark or "")

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        return [native for native in letters if letter_position(native) in self._state.dead]

    async def fetch(self, native: str) -> LetterDetail | None:
        return detail(self._state, native)

    async def payloads(self, letters: Sequence[str]) -> Mapping[str, str]:
        places = {native: place for native in letters if (place := letter_position(native))}
        dead = self._state.dead
        return {native: dead[place].job.payload.decode() for native, place in places.items() if place in dead}

    async def move(
        self, unit: Unit, letters: Sequence[str], to: Move, run_id: int, *, back: Back = AS_IT_WAS
    ) -> Sequence[Verdict]:
        return [move(self._state, native, to, run_id, back) for native in letters]

    async def recall(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        return [recall(self._state, native, run_id) for native in letters]

    async def restore(
        self, unit: Unit, letters: Sequence[str], run_id: int, of_run: int | None = None
    ) -> Sequence[Verdict]:
        return [restore(self._state, native, run_id, of_run) for native in letters]

    async def erase(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        return [erase(self._state, native, run_id) for native in letters]

    async def fates(self, run_id: int) -> Fates | None:
        states = [job.state for job in self._state.jobs() if job.run_id == run_id]
        if any(moved.run == run_id for moved in self._state.requeued):
            return fates(self._state.became(run_id), states.count("running"), states.count("retrying"))
        waiting = sum(state in ("waiting", "scheduled", "held") for state in states)
        discarded = sum(settled.run == run_id for settled in self._state.trash.values())
        ended = states.count("done"), states.count("dead")
        return Fates(waiting, states.count("running"), *ended, discarded, states.count("retrying"))

    async def pause(self, unit: Unit, queue: str, until: datetime | None, reason: str | None, actor: str) -> None:
        self._state.queues[queue] = Pause(until, readable(actor), reason and readable(reason), self._state.now())

    async def resume(self, unit: Unit, queue: str) -> None:
        if queue in self._state.queues:
            self._state.queues[queue] = None
        self._state.draining.pop(queue, None)

    async def steer(self, unit: Unit, worker: str, wish: Wish, actor: str) -> Verdict:
        public = encode(self.system, worker)
        found = next((one for id, one in self._state.workers.items() if str(id) == worker), None)
        if found is None or found.is_silent(self._state.now()):
            return Verdict(public, Outcome.GONE, "no such worker is alive")
        if found.wish.is_last and wish not in (found.wish, Wish.STOP):
            return Verdict(public, Outcome.CONFLICT, f"it was told to {found.wish} already")
        found.wish, found.wished_by = wish, readable(actor)
        return Verdict(public, Outcome.MOVED, f"told to {wish}")

    async def cancel(self, unit: Unit, jobs: Sequence[str], run_id: int) -> Sequence[Verdict]:
        return [self._cancel(encode(self.system, native), job_number(native) or 0, run_id) for native in jobs]

    def _cancel(self, public: str, number: int, run_id: int) -> Verdict:
        job = next((job for job in self._state.jobs() if job.id == number), None)
        if job is None:
            return Verdict(public, Outcome.GONE, "there is no such job", public)
        if job.state == "running":
            job.cancel_requested = True
            return Verdict(public, Outcome.MOVED, "running: asked to stop", public)
        if job.state in ("done", "dead") or (job.state == "cancelled" and job.run_id != run_id):
            return Verdict(public, Outcome.GONE, f"it is {job.state} already", public)
        if job.state != "cancelled":
            job.run_id = run_id
            self._state.end(job, "cancelled", None)
        return Verdict(public, Outcome.MOVED, None, public)

    async def touch(self, unit: Unit, jobs: Sequence[str], order: Order) -> Sequence[Verdict]:
        return [touch(self._state, native, job_number(native) or 0, order) for native in jobs]

    async def drain(self, unit: Unit, queue: str, reason: str | None, actor: str) -> None:
        self._state.queues.setdefault(queue, None)
        before, why = self._state.draining.get(queue), reason and readable(reason)
        since = before.at if before else self._state.now()
        self._state.draining[queue] = Pause(None, readable(actor), why, since)

    async def limit(self, unit: Unit, queue: str, limit: Limit) -> None:
        limiting.limit(self._state, queue, limit)
