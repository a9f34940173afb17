"""`job.cancel`: live jobs are taken back before they start, or asked to stop."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from graveshift.driver import Can, Count, Jobs, Source, Unit, Verdict
from graveshift.operation import Carrier, Draft, World
from graveshift.selection import JOB_FIELDS, Aim, Frost, arrived, kept, thawed
from graveshift.selection.walk import Walk
from graveshift.selection.wording import bulk, how_many, which
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Effect
from graveshift.wire.selection import Selection


class Cancel(Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs that have ended are `gone`; a running job stops when its worker hears of it, which is its next heartbeat."""

    name: ClassVar[str] = "job.cancel"
    title: ClassVar[str] = "Cancel jobs"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.CANCEL

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
        """Cancel them, oldest first."""

        async def cancel(source: Source, unit: Unit, jobs: Sequence[str]) -> Sequence[Verdict]:
            return await source.cancel(unit, jobs, carrier.run_id)

        await carrier.chunks(Walk(self._aim(world), thawed(carrier.frozen), cancel))

    def _aim(self, world: World) -> Aim[Jobs]:
        return Aim(self.selection, world.jobs, world.sources, needs=self.needs, fields=JOB_FIELDS)

    async def _draft(self, world: World, aim: Aim[Jobs], frost: Frost, since: Count) -> Draft:
        count = await aim.count(frost)
        confirm, phrase = bulk(aim, count, world.environment)
        subject = how_many(count, "job", "jobs") + which(aim.filter)
        return Draft(
            count=count.n,
            count_is_exact=count.exact,
            arrived_since=since.n,
            arrived_is_exact=since.exact,
            effects=[Effect(subject, "cancelled before they start; those that run are asked to stop")],
            confirm=confirm,
            phrase=phrase,
            frozen=kept(frost),
            cutoff=frost.cutoff,
        )
