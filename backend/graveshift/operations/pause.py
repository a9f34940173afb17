"""`queue.pause`: workers claim nothing more from a queue, until a time or until it is resumed."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from graveshift.driver import Can, Source, Unit
from graveshift.errors import Invalid
from graveshift.operation import Carrier, Draft, World
from graveshift.selection.single import Single, queue_of
from graveshift.selection.standing import paused, standing
from graveshift.selection.wording import until
from graveshift.wire.moments import Moment, check_moments
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect


class Pause(Struct, frozen=True, forbid_unknown_fields=True):
    """`queue` is an id. Jobs that run already run on; pausing a paused queue sets its end and reason anew."""

    name: ClassVar[str] = "queue.pause"
    title: ClassVar[str] = "Pause queue"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.PAUSE

    queue: str
    until: Moment | None = None
    reason: Annotated[str, Meta(max_length=512)] | None = None

    def __post_init__(self) -> None:
        """Refuses an end that the queue could not hold."""
        check_moments(until=self.until)

    async def plan(self, world: World) -> Draft:
        """What it will be and what it is now. Raises Invalid where the end has passed, by the database's clock."""
        _, queue = await queue_of(world, self.queue, self.needs)
        if self.until is not None and self.until <= await world.runs.now():
            raise Invalid("until is in the past - at `$.until`")
        state = paused(queue) if queue.paused else "open"
        change = f"paused {until(self.until, 'it is resumed')}"
        effects = [Effect(f"queue {queue.name} in system {queue.system}", change)]
        effects += [Effect("now", stands) for stands in standing(queue)]
        return Draft(count=1, effects=effects, confirm=Confirm.YES, subjects=[f"{queue.id} is {state}"])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the queue."""
        reason = self.reason or carrier.reason

        async def pause(source: Source, unit: Unit, queue: str) -> None:
            await source.pause(unit, queue, self.until, reason, carrier.actor)

        await carrier.chunks(Single(world, self.queue, pause, "paused"))
