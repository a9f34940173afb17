"""`dlq.discard`: dead letters go to the trash, from which `dlq.restore` brings them back for a while."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct, structs

from graveshift.driver import Can, Count, Letters, Move, Source, Unit, Verdict
from graveshift.operation import Carrier, Draft, World
from graveshift.selection import LETTER_FIELDS, Aim, Frost, arrived, count_letters, kept, thawed
from graveshift.selection.claiming import claims_of_others
from graveshift.selection.foreseeing import overlapping_in_time
from graveshift.selection.surveying import surveyed
from graveshift.selection.walk import Walk
from graveshift.selection.wording import letters_in_words, window
from graveshift.wire.ids import decode
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect, Forecast
from graveshift.wire.selection import Selection


class Discard(Struct, frozen=True, forbid_unknown_fields=True):
    """Where there is no trash, or after a while, nothing brings it back: the environment's name is asked for."""

    name: ClassVar[str] = "dlq.discard"
    title: ClassVar[str] = "Discard letters"
    danger: ClassVar[Danger] = Danger.DESTRUCTIVE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.DISCARD

    selection: Selection

    async def plan(self, world: World) -> Draft:
        """Freeze the selection as of now."""
        aim = self._aim(world)
        frost = await aim.freeze()
        draft = await self._draft(world, aim, frost, Count(0))
        found = await surveyed(aim, frost, Count(draft.count or 0, draft.count_is_exact))
        wait_s = window(aim, world.undo_window_s)
        return structs.replace(
            draft,
            parts=found.parts,
            parts_of=found.parts_of,
            warnings=[*await claims_of_others(world, found), *await overlapping_in_time(world, aim, found)],
            forecast=Forecast(free_bytes=world.free_bytes(), undo_window_s=wait_s),
            wait_s=wait_s,
        )

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
            arrived_is_exact=since.exact,
            effects=[
                Effect(await letters_in_words(aim, count), "to the trash; nothing of it runs"),
                *_fate(world, aim),
            ],
            confirm=Confirm.PHRASE,
            phrase=world.environment,
            frozen=kept(frost),
            cutoff=frost.cutoff,
        )


def _fate(world: World, aim: Aim[Letters]) -> list[Effect]:
    """What a discard means for each of the systems it reaches."""
    named = aim.pools if aim.ids is None else {(decode(id) or ("", ""))[0] for id in aim.ids}
    reached = [name for name in sorted(aim.pools) if name in named]
    kept = [name for name in reached if Can.TRASH in aim.sources[name].can]
    days = f"{world.keep_trash_days} day{'' if world.keep_trash_days == 1 else 's'}"
    rest = f"kept in the trash for {days}, where dlq.restore finds it; until then, or an emptying, no disk is freed"
    return [Effect(f"what is discarded in {name}", rest) for name in kept] + [
        Effect(f"what is discarded in {name}", "gone for good: this system has no trash")
        for name in reached
        if name not in kept
    ]
