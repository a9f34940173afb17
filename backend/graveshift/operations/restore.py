"""`dlq.restore` and `trash.empty`: discarded letters are letters again, or gone for good."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar

from msgspec import Struct, structs

from graveshift.driver import Can, Count, Source, Trash, Unit, Verdict
from graveshift.errors import Unsupported
from graveshift.operation import Carrier, Draft, World
from graveshift.selection import TRASH_FIELDS, Aim, Frost, arrived, kept, natives, system_of, thawed
from graveshift.selection.walk import Walk
from graveshift.selection.wording import bulk, how_many, which
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.selection import Selection


class Restore(Struct, frozen=True, forbid_unknown_fields=True):
    """The selection is over the trash: of a filter `run_id` is the run that discarded them."""

    name: ClassVar[str] = "dlq.restore"
    title: ClassVar[str] = "Restore letters"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.TRASH

    selection: Selection

    async def plan(self, world: World) -> Draft:
        """Freeze the selection as of now."""
        aim = _aim(world, self.selection)
        return await self._draft(world, aim, await aim.freeze(), Count(0))

    async def refresh(self, world: World, frozen: Mapping[str, Any]) -> Draft:
        """Count what was there when it was frozen, and what came since."""
        aim, frost = _aim(world, self.selection), thawed(frozen)
        return await self._draft(world, aim, frost, await arrived(aim, frost))

    async def run(self, world: World, carrier: Carrier) -> None:
        """Bring them back, in the order of their jobs' ids."""

        async def restore(source: Source, unit: Unit, letters: Sequence[str]) -> Sequence[Verdict]:
            return await source.restore(unit, letters, carrier.run_id)

        await carrier.chunks(Walk(_aim(world, self.selection), thawed(carrier.frozen), restore))

    async def _draft(self, world: World, aim: Aim[Trash], frost: Frost, since: Count) -> Draft:
        draft = await _drafted(aim, frost, since)
        confirm, phrase = bulk(aim, Count(draft.count or 0, draft.count_is_exact), world.environment)
        effect = Effect(_in_words(aim, draft), "back to the dead letter queue, as they were; they wait for a requeue")
        return structs.replace(draft, effects=[effect], confirm=confirm, phrase=phrase)


class Empty(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing brings these back, so the name of the environment is asked for, however few they are."""

    name: ClassVar[str] = "trash.empty"
    title: ClassVar[str] = "Empty trash"
    danger: ClassVar[Danger] = Danger.DESTRUCTIVE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.TRASH

    selection: Selection

    async def plan(self, world: World) -> Draft:
        """Freeze the selection as of now."""
        aim = _aim(world, self.selection)
        return await self._draft(world, aim, await aim.freeze(), Count(0))

    async def refresh(self, world: World, frozen: Mapping[str, Any]) -> Draft:
        """Count what was there when it was frozen, and what came since."""
        aim, frost = _aim(world, self.selection), thawed(frozen)
        return await self._draft(world, aim, frost, await arrived(aim, frost))

    async def run(self, world: World, carrier: Carrier) -> None:
        """Erase them, in the order of their jobs' ids."""

        async def erase(source: Source, unit: Unit, letters: Sequence[str]) -> Sequence[Verdict]:
            return await source.erase(unit, letters, carrier.run_id)

        await carrier.chunks(Walk(_aim(world, self.selection), thawed(carrier.frozen), erase))

    async def _draft(self, world: World, aim: Aim[Trash], frost: Frost, since: Count) -> Draft:
        draft = await _drafted(aim, frost, since)
        effect = Effect(_in_words(aim, draft), "erased with their payloads; nothing brings them back")
        return structs.replace(draft, effects=[effect], confirm=Confirm.PHRASE, phrase=world.environment)


def _aim(world: World, selection: Selection) -> Aim[Trash]:
    able = {name: source for name, source in world.sources.items() if Can.TRASH in source.can}
    named = selection.filter.system if selection.filter else None
    if named in world.sources and named not in able:
        raise Unsupported(f"{Can.TRASH} in {named}")
    return Aim(selection, world.trash, able, needs=Can.TRASH, fields=TRASH_FIELDS)


async def _count(aim: Aim[Trash], frost: Frost) -> Count:
    """Of named ids, those that are in the trash."""
    if aim.ids is None:
        return await aim.count(frost)
    found = 0
    for system, ids in groupby(aim.ids, key=system_of):
        if pool := aim.pools.get(system):
            found += len(set(await pool.standing(natives(list(ids)))))
    return Count(found)


def _in_words(aim: Aim[Trash], draft: Draft) -> str:
    count = Count(draft.count or 0, draft.count_is_exact)
    many = how_many(count, "discarded letter", "discarded letters")
    if aim.ids is None:
        return f"{many}, all there are" if aim.filter.is_empty else many + which(aim.filter)
    missing = len(aim.ids) - count.n
    return f"{many}; {missing:,} of these {'is' if missing == 1 else 'are'} not in the trash" if missing else many


async def _drafted(aim: Aim[Trash], frost: Frost, since: Count) -> Draft:
    """All but what it does and how it is confirmed."""
    count = await _count(aim, frost)
    return Draft(
        count=count.n,
        count_is_exact=count.exact,
        walked=aim.walked,
        arrived_since=since.n,
        arrived_is_exact=since.exact,
        frozen=kept(frost),
        cutoff=frost.cutoff,
    )
