"""`queue.resume`: workers claim from a paused queue again."""

from typing import ClassVar

from msgspec import Struct

from graveshift.driver import Can, Source, Unit
from graveshift.operation import Carrier, Draft, World
from graveshift.selection.single import Single, queue_of
from graveshift.selection.standing import standing
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect


class Resume(Struct, frozen=True, forbid_unknown_fields=True):
    """`queue` is an id. A drained queue takes jobs again, too. Resuming an open queue changes nothing."""

    name: ClassVar[str] = "queue.resume"
    title: ClassVar[str] = "Resume queue"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.PAUSE

    queue: str

    async def plan(self, world: World) -> Draft:
        """A yes where it lifts something, because a colleague may have had a reason; an open queue asks nothing."""
        _, queue = await queue_of(world, self.queue, self.needs)
        lifted = standing(queue)
        effects = [Effect(f"queue {queue.name} in system {queue.system}", "open again" if lifted else "open already")]
        effects += [Effect("lifts", stands) for stands in lifted]
        subjects = [f"{queue.id} is {', '.join(lifted) or 'open'}"]
        return Draft(count=1, effects=effects, confirm=Confirm.YES if lifted else Confirm.NONE, subjects=subjects)

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the queue."""

        async def resume(source: Source, unit: Unit, queue: str) -> None:
            await source.resume(unit, queue)

        await carrier.chunks(Single(world, self.queue, resume, "open"))
