"""`queue.purge`: every job of a queue that no worker has becomes cancelled."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from graveshift.driver import Can, Count, Jobs, Source, Unit, Verdict
from graveshift.operation import Carrier, Draft, World
from graveshift.selection import JOB_FIELDS, Aim, Frost, arrived, kept, thawed
from graveshift.selection.single import queue_of
from graveshift.selection.walk import Walk
from graveshift.selection.wording import how_many
from graveshift.touch import Order, Touch
from graveshift.wire.ids import decode
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.selection import Filter, Selection


class Purge(Struct, frozen=True, forbid_unknown_fields=True):
    """`queue` is an id. Nothing brings a cancelled job back, so the name of the environment is asked for."""

    name: ClassVar[str] = "queue.purge"
    title: ClassVar[str] = "Purge queue"
    danger: ClassVar[Danger] = Danger.DESTRUCTIVE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.TOUCH

    queue: str

    async def plan(self, world: World) -> Draft:
        """Freeze the jobs that are in the queue now."""
        await queue_of(world, self.queue, self.needs)
        aim = self._aim(world)
        return await self._draft(world, aim, await aim.freeze(), Count(0))

    async def refresh(self, world: World, frozen: Mapping[str, Any]) -> Draft:
        """Count what was there when it was frozen, and what came since."""
        aim, frost = self._aim(world), thawed(frozen)
        return await self._draft(world, aim, frost, await arrived(aim, frost))

    async def run(self, world: World, carrier: Carrier) -> None:
        """Cancel them, oldest first."""
        order = Order(Touch.PURGE, carrier.run_id)

        async def touch(source: Source, unit: Unit, jobs: Sequence[str]) -> Sequence[Verdict]:
            return await source.touch(unit, jobs, order)

        await carrier.chunks(Walk(self._aim(world), thawed(carrier.frozen), touch))

    def _aim(self, world: World) -> Aim[Jobs]:
        system, name = decode(self.queue) or ("", "")
        chosen = Selection(filter=Filter(system=system, queue=name))
        return Aim(chosen, world.jobs, world.sources, needs=self.needs, fields=JOB_FIELDS)

    async def _draft(self, world: World, aim: Aim[Jobs], frost: Frost, since: Count) -> Draft:
        count = await aim.count(frost)
        subject = f"{how_many(count, 'job', 'jobs')} in queue {aim.filter.queue} of system {aim.filter.system}"
        return Draft(
            count=count.n,
            count_is_exact=count.exact,
            arrived_since=since.n,
            arrived_is_exact=since.exact,
            effects=[Effect(subject, "cancelled, they never run; those that run are left alone")],
            confirm=Confirm.PHRASE,
            phrase=world.environment,
            frozen=kept(frost),
            cutoff=frost.cutoff,
        )
