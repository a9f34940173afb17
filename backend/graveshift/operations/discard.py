"""`dlq.discard`: dead letters leave the dead letter queue for good."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from graveshift.driver import Can, Count, Letters, Move, Source, Unit, Verdict
from graveshift.operation import Carrier, Draft, World
from graveshift.selection import LETTER_FIELDS, Aim, Frost, arrived, count_letters, kept, thawed
from graveshift.selection.walk import Walk
from graveshift.selection.wording import letters_in_words
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.selection import Selection


class Discard(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing brings a discarded letter back, so the name of the environment is asked for, however few they are."""

    name: ClassVar[str] = "dlq.discard"
    title: ClassVar[str] = "Discard letters"
    danger: ClassVar[Danger] = Danger.DESTRUCTIVE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.DISCARD

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
        """Discard them, oldest first."""

        async def move(source: Source, unit: Unit, letters: Sequence[str]) -> Sequence[Verdict]:
            return await source.move(unit, letters, Move.DISCARD, carrier.run_id)

        await carrier.chunks(Walk(self._aim(world), thawed(carrier.frozen), move))

    def _aim(self, world: World) -> Aim[Letters]:
        return Aim(self.selection, world.letters, world.sources, needs=self.needs, fields=LETTER_FIELDS)

    async def _draft(self, world: World, aim: Aim[Letters], frost: Frost, since: Count) -> Draft:
        count = await count_letters(aim, frost)
        return Draft(
            count=count.n,
            count_is_exact=count.exact,
            walked=aim.walked,
            arrived_since=since.n,
            effects=[Effect(await letters_in_words(aim, count), "discarded; they never run again")],
            confirm=Confirm.PHRASE,
            phrase=world.environment,
            frozen=kept(frost),
            cutoff=frost.cutoff,
        )
