"""What a run moved, followed in memory; see `graveshift.trial.Trials`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from graveshift.driver import Unit
from graveshift.drivers.memory.state import Entry, State
from graveshift.store.position import job_number
from graveshift.trial import Firsts, Trial
from graveshift.wire.runs import Became, Fate


class MemoryTrials:
    """Each job is looked for among all there are."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def lift(self, unit: Unit, jobs: Sequence[str], run_id: int, *, ahead: bool) -> None:
        for job in map(self._live, jobs):
            if job and job.run_id == run_id and job.state != "running" and job.fingerprint is None:
                job.lane = 1 if ahead else -1
                if ahead:
                    job.run_at = min(job.run_at, self._state.now())
                    job.state = "waiting" if job.state == "scheduled" else job.state

    def _live(self, native: str) -> Entry | None:
        return self._state.live.get(job_number(native) or 0)

    async def trials(self, jobs: Sequence[str], run_id: int) -> Sequence[Trial]:
        return [self._trial(native, job_number(native) or 0, run_id) for native in jobs]

    def _trial(self, native: str, number: int, run_id: int) -> Trial:
        job = next((job for job in self._state.jobs() if (job.id, job.run_id) == (number, run_id)), None)
        if any((tried.job, tried.first_of) == (number, run_id) for tried in self._state.tried):
            return Trial(native, Fate.FAILED, job.queue if job else None)
        if job is None or job.state in ("cancelled", "dead"):
            return Trial(native, Fate.GONE, job.queue if job else None)
        fate = Fate(job.state) if job.state in ("running", "done") else Fate.WAITING
        return Trial(native, fate, job.queue)

    async def firsts(self, run_id: int, most: int, since: datetime) -> Firsts:
        failed = [(tried.told.finished_at, True) for tried in self._state.tried if tried.first_of == run_id]
        done = [
            (job.finished_at, False)
            for job in self._state.ended.values()
            if (job.run_id, job.state, job.fingerprint) == (run_id, "done", None) and job.finished_at
        ]
        newest = sorted((pair for pair in failed + done if pair[0] > since), reverse=True)[:most]
        return Firsts(len(newest), sum(failed for _, failed in newest))

    async def enqueued(self) -> int:
        return sum(event.what == "enqueued" for event in self._state.events)

    async def became(self, runs: Sequence[int]) -> Mapping[int, Became]:
        moved = {one.run for one in self._state.requeued}
        return {run: self._state.became(run) for run in runs if run in moved}
