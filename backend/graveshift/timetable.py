"""The timetable: each slot of each schedule becomes a job once, whoever leads and however many think they do."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import structlog
from msgspec import Raw, json

from graveshift.driver import Unit
from graveshift.errors import NotFound, QueueDraining
from graveshift.schedule import Schedule, due, next_run, next_slot, to_fire
from graveshift.wire import ids
from graveshift.wire.jobs import NewJob
from graveshift.wire.schedules import ScheduleInfo
from graveshift.work import Slots, Standing

log = structlog.get_logger(__name__)


class Transaction(Unit, Protocol):
    """A unit that is ours to end."""

    async def commit(self) -> None: ...


class Timetable:
    """The schedules of the settings, on one queue system; `unit` opens a transaction in its database."""

    def __init__(
        self,
        schedules: Mapping[str, Schedule],
        slots: Slots,
        unit: Callable[[], AbstractAsyncContextManager[Transaction]],
        system: str,
    ) -> None:
        self._schedules = schedules
        self._slots = slots
        self._unit = unit
        self.system = system

    async def fire(self, guard: Callable[[Unit], Awaitable[None]]) -> int:
        """Enqueue what is due; how many slots. All schedules have their turn; the first error is raised at the end."""
        known = await self._slots.standings()
        if known.keys() != self._schedules.keys():
            await self._begin(guard)
            known = await self._slots.standings()
        fired, errors = 0, list[Exception]()
        for name, schedule in self._schedules.items():
            standing = known.get(name)
            if standing is None or standing.paused or next_slot(schedule, standing.slot) >= standing.now:
                continue
            try:
                fired += await self._fire(guard, name, schedule)
            except QueueDraining:  # its slots stay due; once the queue is resumed they were missed
                continue
            except Exception as error:  # one schedule must not hold up the others
                errors.append(error)
        if errors:
            raise errors[0]
        return fired

    async def infos(self) -> list[ScheduleInfo]:
        """Every schedule by name, with its next run by the database's clock."""
        known = await self._slots.standings()
        return [self._info(name, schedule, known.get(name)) for name, schedule in sorted(self._schedules.items())]

    def entry(self, name: str) -> Schedule:
        """The schedule of this name. Raises NotFound where the settings have none."""
        if name not in self._schedules:
            raise NotFound(f"schedule {name}")
        return self._schedules[name]

    async def info(self, name: str) -> ScheduleInfo:
        """One schedule. Raises NotFound."""
        return self._info(name, self.entry(name), (await self._slots.standings()).get(name))

    async def missed(self, name: str) -> int:
        """How many jobs it would give at once if it were not paused."""
        schedule, standing = self.entry(name), (await self._slots.standings()).get(name)
        slots = due(schedule, standing.slot, standing.now) if standing else []
        return len(to_fire(schedule, slots, standing.now)) if standing else 0

    async def fire_now(self, unit: Unit, name: str, run_id: int) -> str:
        """One job beside the timetable, named by the run; its public id. Raises NotFound and QueueDraining."""
        job = _job(name, self.entry(name), f"run-{run_id}")
        return ids.encode(self.system, str(await self._slots.enqueue(unit, job)))

    async def pause(self, unit: Unit, name: str, until: datetime | None, reason: str | None, actor: str) -> None:
        """It fires nothing until then, whoever leads. Raises NotFound."""
        self.entry(name)
        await self._slots.pause(unit, name, until, reason, actor)

    async def resume(self, unit: Unit, name: str) -> None:
        """What it missed is made up for by its policy, in the next turn. Raises NotFound."""
        self.entry(name)
        await self._slots.resume(unit, name)

    async def _begin(self, guard: Callable[[Unit], Awaitable[None]]) -> None:
        async with self._unit() as unit:
            await guard(unit)
            await self._slots.know(unit, list(self._schedules))
            await unit.commit()

    async def _fire(self, guard: Callable[[Unit], Awaitable[None]], name: str, schedule: Schedule) -> int:
        async with self._unit() as unit:
            await guard(unit)
            standing = await self._slots.lock(unit, name)
            slots = due(schedule, standing.slot, standing.now) if standing and not standing.paused else []
            if standing is None or not slots:
                return 0
            wanted = to_fire(schedule, slots, standing.now)
            jobs = [_job(name, schedule, slot.strftime("%Y-%m-%dT%H:%M:%SZ")) for slot in wanted]
            await self._slots.fire(unit, name, slots[-1], jobs, wanted[-1] if wanted else None)
            await unit.commit()
        if len(wanted) != 1:
            log.info("schedule_caught_up", schedule=name, due=len(slots), fired=len(wanted))
        return len(wanted)

    def _info(self, name: str, schedule: Schedule, standing: Standing | None) -> ScheduleInfo:
        job = standing.last_job_id if standing else None
        stopped = not schedule.enabled or (standing is not None and standing.paused and standing.paused_until is None)
        return ScheduleInfo(
            id=name,
            cron=schedule.cron,
            timezone=schedule.timezone,
            queue=schedule.queue,
            kind=schedule.kind,
            missed=schedule.missed,
            enabled=schedule.enabled,
            next_at=next_run(schedule, standing.slot, standing.now, standing.paused_until)
            if standing and not stopped
            else None,
            last_slot=standing.last_slot if standing else None,
            last_fired_at=standing.last_fired_at if standing else None,
            last_job=ids.encode(self.system, str(job)) if job is not None else None,
            paused=standing.paused if standing else False,
            paused_until=standing.paused_until if standing else None,
            paused_by=standing.paused_by if standing else None,
            paused_reason=standing.paused_reason if standing else None,
        )


def _job(name: str, schedule: Schedule, slot: str) -> NewJob:
    """Its trace id tells the handler which slot of what it is, or by which run it was fired."""
    return NewJob(
        queue=schedule.queue,
        kind=schedule.kind,
        payload=Raw(json.encode(schedule.payload)),
        priority=schedule.priority,
        max_attempts=schedule.max_attempts,
        trace_id=f"{name}@{slot}",
    )
