"""`queue.drain`: a queue takes no new jobs, and its workers finish what is in it."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from graveshift.driver import Can, Source, Unit
from graveshift.operation import Carrier, Draft, World
from graveshift.selection.single import Single, queue_of
from graveshift.selection.standing import draining, standing
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect


class DrainQueue(Struct, frozen=True, forbid_unknown_fields=True):
    """`queue` is an id. Producers are refused until it is resumed; retries and requeued letters still come back."""

    name: ClassVar[str] = "queue.drain"
    title: ClassVar[str] = "Drain queue"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.DRAIN

    queue: str
    reason: Annotated[str, Meta(max_length=512)] | None = None

    async def plan(self, world: World) -> Draft:
        """A yes, because producers will see errors."""
        _, queue = await queue_of(world, self.queue, self.needs)
        change = "takes no new jobs until it is resumed: producers are refused; what is in it goes on"
        state = draining(queue) if queue.draining else "taking jobs"
        effects = [Effect(f"queue {queue.name} in system {queue.system}", change)]
        effects += [Effect("now", stands) for stands in standing(queue)]
        return Draft(count=1, effects=effects, confirm=Confirm.YES, subjects=[f"{queue.id} is {state}"])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the queue."""
        reason = self.reason or carrier.reason

        async def drain(source: Source, unit: Unit, queue: str) -> None:
            await source.drain(unit, queue, reason, carrier.actor)

        await carrier.chunks(Single(world, self.queue, drain, "draining"))
