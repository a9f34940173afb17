"""`job.hold`, `job.release`, `job.bury`, `job.retry`: what is done to live jobs before a worker has them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct, structs

from graveshift.driver import Can, Count, Jobs, Source, Unit, Verdict
from graveshift.errors import Invalid
from graveshift.operation import Carrier, Draft, World
from graveshift.selection import JOB_FIELDS, Aim, Frost, arrived, kept, thawed
from graveshift.selection.holding import standing_holds
from graveshift.selection.walk import Walk
from graveshift.selection.wording import bulk, how_many, until, which
from graveshift.touch import Order, Touch
from graveshift.wire.jobs import JobState
from graveshift.wire.moments import Moment, check_moments
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Effect
from graveshift.wire.selection import Filter, Selection

Reason = Annotated[str, Meta(max_length=512)]


class _Touching(Struct, frozen=True, forbid_unknown_fields=True):
    """What the four have in common: a frozen selection, and jobs that run are left alone."""

    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.TOUCH
    act: ClassVar[Touch]
    change: ClassVar[str]

    selection: Selection

    async def plan(self, world: World) -> Draft:
        """Freeze the selection as of now."""
        aim = self._aim(world)
        return await self._draft(world, aim, await aim.freeze(), Count(0))

    async def refresh(self, world: World, frozen: Mapping[str, Any]) -> Draft:
        """Count what was there when it was frozen, and what came since."""
        aim, frost = self._aim(world), thawed(frozen)
        return await self._draft(world, aim, frost, await arrived(aim, frost))

    async def run(self, world: World, carrier: Carrier) -> None:
        """Touch them, oldest first."""
        order = self._order(carrier)

        async def touch(source: Source, unit: Unit, jobs: Sequence[str]) -> Sequence[Verdict]:
            return await source.touch(unit, jobs, order)

        await carrier.chunks(Walk(self._aim(world), thawed(carrier.frozen), touch))

    def _order(self, carrier: Carrier) -> Order:
        return Order(self.act, carrier.run_id)

    def _chosen(self) -> Selection:
        return self.selection

    def _change(self) -> str:
        return self.change

    def _aim(self, world: World) -> Aim[Jobs]:
        return Aim(self._chosen(), world.jobs, world.sources, needs=self.needs, fields=JOB_FIELDS)

    async def _draft(self, world: World, aim: Aim[Jobs], frost: Frost, since: Count) -> Draft:
        count = await aim.count(frost)
        confirm, phrase = bulk(aim, count, world.environment)
        return Draft(
            count=count.n,
            count_is_exact=count.exact,
            arrived_since=since.n,
            arrived_is_exact=since.exact,
            effects=[Effect(how_many(count, "job", "jobs") + which(aim.filter), self._change())],
            confirm=confirm,
            phrase=phrase,
            frozen=kept(frost),
            cutoff=frost.cutoff,
        )


class Hold(_Touching, frozen=True, forbid_unknown_fields=True):
    """Jobs that are there now; what is enqueued later is not held. Holding again sets end and reason anew."""

    name: ClassVar[str] = "job.hold"
    title: ClassVar[str] = "Hold jobs"
    danger: ClassVar[Danger] = Danger.BULK
    act: ClassVar[Touch] = Touch.HOLD

    until: Moment | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        """Refuses an end that the queue could not hold."""
        check_moments(until=self.until)

    async def plan(self, world: World) -> Draft:
        """Raises Invalid where the end has passed already, by the database's clock."""
        if self.until is not None and self.until <= await world.runs.now():
            raise Invalid("until is in the past - at `$.until`")
        aim = self._aim(world)
        return await self._draft(world, aim, await aim.freeze(), Count(0))

    async def _draft(self, world: World, aim: Aim[Jobs], frost: Frost, since: Count) -> Draft:
        """With the holds that it sets anew: they may be another's, for another reason."""
        draft = await super()._draft(world, aim, frost, since)
        standing = [Effect("now", said) for said in await standing_holds(aim, frost)]
        return structs.replace(draft, effects=[*draft.effects, *standing])

    def _order(self, carrier: Carrier) -> Order:
        return Order(self.act, carrier.run_id, self.until, self.reason or carrier.reason)

    def _change(self) -> str:
        end = until(self.until, "they are released")
        return f"held {end}: they keep their place and are not handed out; those that run, run on"


class Release(_Touching, frozen=True, forbid_unknown_fields=True):
    """Held jobs are what they were, in their place; a filter or `all` reaches held jobs only."""

    name: ClassVar[str] = "job.release"
    title: ClassVar[str] = "Release jobs"
    danger: ClassVar[Danger] = Danger.BULK
    act: ClassVar[Touch] = Touch.RELEASE
    change: ClassVar[str] = "released: handed out again in their place"

    def _chosen(self) -> Selection:
        chosen = self.selection.filter or (Filter() if self.selection.all else None)
        if chosen is None or chosen.state is not None or (chosen.is_empty and not self.selection.all):
            return self.selection
        return Selection(filter=structs.replace(chosen, state=JobState.HELD.value))


class Bury(_Touching, frozen=True, forbid_unknown_fields=True):
    """Jobs that no worker has become dead letters of type `buried`, whose message is the reason."""

    name: ClassVar[str] = "job.bury"
    title: ClassVar[str] = "Bury jobs"
    danger: ClassVar[Danger] = Danger.BULK
    act: ClassVar[Touch] = Touch.BURY
    change: ClassVar[str] = "become dead letters, from where they can be requeued; those that run are left alone"

    reason: Reason | None = None

    def _order(self, carrier: Carrier) -> Order:
        return Order(self.act, carrier.run_id, reason=self.reason or carrier.reason)


class Retry(_Touching, frozen=True, forbid_unknown_fields=True):
    """Jobs that wait for a time, for another attempt or under a hold are due now."""

    name: ClassVar[str] = "job.retry"
    title: ClassVar[str] = "Retry jobs now"
    danger: ClassVar[Danger] = Danger.BULK
    act: ClassVar[Touch] = Touch.RETRY
    change: ClassVar[str] = "due now, held ones too; those that run are left alone"
