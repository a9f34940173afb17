"""How far each schedule has come, in memory; see `graveshift.work.Slots`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from graveshift.driver import Unit
from graveshift.drivers.memory.state import Pause, State
from graveshift.drivers.memory.work import MemoryWork
from graveshift.wire.jobs import NewJob
from graveshift.work import Standing


class MemorySlots:
    """Whole calls at once: a lock would have nobody to keep out."""

    def __init__(self, state: State, work: MemoryWork) -> None:
        self._state = state
        self._work = work

    async def standings(self) -> Mapping[str, Standing]:
        return {name: self._seen(standing) for name, standing in self._state.schedules.items()}

    async def know(self, unit: Unit, names: Sequence[str]) -> None:
        now, known = self._state.now(), self._state.schedules
        new = {name: Standing(name=name, slot=now, now=now) for name in names}
        self._state.schedules = {name: known.get(name, fresh) for name, fresh in new.items()}

    async def lock(self, unit: Unit, name: str) -> Standing | None:
        standing = self._state.schedules.get(name)
        return self._seen(standing) if standing else None

    async def fire(self, unit: Unit, name: str, slot: datetime, jobs: Sequence[NewJob], fired: datetime | None) -> None:
        made = await self._work.enqueue(jobs)
        moved = replace(self._state.schedules[name], slot=slot)
        if fired is not None:
            job = made[-1] if made else moved.last_job_id
            moved = replace(moved, last_slot=fired, last_fired_at=self._state.now(), last_job_id=job)
        self._state.schedules[name] = moved

    async def enqueue(self, unit: Unit, job: NewJob) -> int:
        (id,) = await self._work.enqueue([job])
        return id

    async def pause(self, unit: Unit, name: str, until: datetime | None, reason: str | None, actor: str) -> None:
        self._state.schedule_pauses[name] = Pause(until, actor, reason)

    async def resume(self, unit: Unit, name: str) -> None:
        self._state.schedule_pauses.pop(name, None)

    def _seen(self, standing: Standing) -> Standing:
        now, pause = self._state.now(), self._state.schedule_pauses.get(standing.name)
        if pause is None or (pause.until is not None and pause.until <= now):
            return replace(standing, now=now)
        return replace(
            standing, now=now, paused=True, paused_until=pause.until, paused_by=pause.by, paused_reason=pause.reason
        )
