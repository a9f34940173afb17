"""`schedule.fire`, `schedule.pause`, `schedule.resume`: what is done to one entry of the timetable."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from graveshift.driver import Unit, Verdict
from graveshift.errors import Invalid, NotFound, QueueDraining
from graveshift.operation import Carrier, Draft, World
from graveshift.schedule import Missed
from graveshift.selection.wording import until
from graveshift.wire.moments import Moment, check_moments
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.runs import Outcome

POLICY: Mapping[str, str] = {
    Missed.SKIP: "what it misses meanwhile is left out",
    Missed.ONCE: "for all that it misses meanwhile one job comes when it goes on",
    Missed.ALL: "for each slot that it misses meanwhile a job comes when it goes on",
}


class FireSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """`schedule` is an id. One job more; the timetable goes on as it would, also where it is off or paused."""

    name: ClassVar[str] = "schedule.fire"
    title: ClassVar[str] = "Fire schedule"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    schedule: str

    async def plan(self, world: World) -> Draft:
        """Raises QueueDraining where its queue takes no new jobs."""
        entry, system = world.timetable.entry(self.schedule), world.timetable.system
        queue = await world.sources[system].queue(entry.queue) if system in world.sources else None
        if queue is not None and queue.draining:
            raise QueueDraining(queue.name)
        what = f"{entry.kind} in queue {entry.queue}"
        effects = [Effect(f"schedule {self.schedule}", f"one job {what} now, beside its timetable")]
        if queue is not None and queue.paused:
            effects.append(Effect(f"queue {queue.name}", "is paused: the job waits there"))
        return Draft(count=1, effects=effects, confirm=Confirm.YES, subjects=[f"schedule {self.schedule}: {what}"])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the schedule; its detail names the job."""

        async def fire(unit: Unit) -> Verdict:
            job = await world.timetable.fire_now(unit, self.schedule, carrier.run_id)
            return Verdict(self.schedule, Outcome.MOVED, f"job {job}", job)

        await carrier.chunks(_One(self.schedule, fire))


class PauseSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """`schedule` is an id. Pausing a paused one sets its end and reason anew."""

    name: ClassVar[str] = "schedule.pause"
    title: ClassVar[str] = "Pause schedule"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    schedule: str
    until: Moment | None = None
    reason: Annotated[str, Meta(max_length=512)] | None = None

    def __post_init__(self) -> None:
        """Refuses an end that the database could not hold."""
        check_moments(until=self.until)

    async def plan(self, world: World) -> Draft:
        """Raises Invalid where the end has passed already, by the database's clock."""
        entry = await world.timetable.info(self.schedule)
        if self.until is not None and self.until <= await world.runs.now():
            raise Invalid("until is in the past - at `$.until`")
        end = until(self.until, "it is resumed")
        effects = [Effect(f"schedule {self.schedule}", f"paused {end}; {POLICY[entry.missed]}")]
        subjects = [f"schedule {self.schedule} is {'paused' if entry.paused else 'open'}"]
        return Draft(count=1, effects=effects, confirm=Confirm.YES, subjects=subjects)

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the schedule."""
        reason = self.reason or carrier.reason

        async def pause(unit: Unit) -> Verdict:
            await world.timetable.pause(unit, self.schedule, self.until, reason, carrier.actor)
            return Verdict(self.schedule, Outcome.MOVED, "paused")

        await carrier.chunks(_One(self.schedule, pause))


class ResumeSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """`schedule` is an id. Resuming one that is not paused changes nothing."""

    name: ClassVar[str] = "schedule.resume"
    title: ClassVar[str] = "Resume schedule"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    schedule: str

    async def plan(self, world: World) -> Draft:
        """A yes where it makes up at once for what it missed."""
        entry = await world.timetable.info(self.schedule)
        missed = await world.timetable.missed(self.schedule) if entry.paused else 0
        change = "open again" if entry.paused else "open already"
        if missed:
            change += f", and makes up for what it missed ({entry.missed}): jobs come at once"
        return Draft(
            count=1,
            effects=[Effect(f"schedule {self.schedule}", change)],
            confirm=Confirm.YES if missed else Confirm.NONE,
            subjects=[f"schedule {self.schedule} is {'paused' if entry.paused else 'open'}"],
        )

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the schedule."""

        async def resume(unit: Unit) -> Verdict:
            await world.timetable.resume(unit, self.schedule)
            return Verdict(self.schedule, Outcome.MOVED, "open")

        await carrier.chunks(_One(self.schedule, resume))


class _One:
    """One chunk of one schedule, in the ledger's own database; see `graveshift.operation.Chunks`."""

    def __init__(self, schedule: str, act: Callable[[Unit], Awaitable[Verdict]]) -> None:
        self._schedule = schedule
        self._act = act

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """It, once."""
        return [self._schedule] if after is None else []

    def transacts(self, ids: Sequence[str]) -> bool:
        """Always: how far a schedule has come lies beside the ledger."""
        return True

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """What the world has changed to since it was planned is an outcome."""
        try:
            return [await self._act(unit)]
        except QueueDraining as refusal:
            return [Verdict(self._schedule, Outcome.CONFLICT, str(refusal))]
        except NotFound as refusal:
            return [Verdict(self._schedule, Outcome.GONE, str(refusal))]
