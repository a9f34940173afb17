"""`group.claim`, `group.release`, `group.note`: who is on a cause, and what is known of it."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from graveshift.driver import Unit, Verdict
from graveshift.errors import Invalid, NotFound
from graveshift.operation import Carrier, Draft, World
from graveshift.selection.claiming import claimed
from graveshift.selection.whole import Whole
from graveshift.selection.wording import until
from graveshift.wire.groups import Claim, Group
from graveshift.wire.ids import decode
from graveshift.wire.moments import Moment, check_moments
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.runs import Outcome

Words = Annotated[str, Meta(min_length=1, max_length=512)]


class ClaimGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """`group` is an id. Whoever runs it is on the group from then on; a colleague's claim is taken over."""

    name: ClassVar[str] = "group.claim"
    title: ClassVar[str] = "Claim a cause"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    group: str
    note: Words | None = None
    until: Moment | None = None

    def __post_init__(self) -> None:
        """Refuses an end that could not be kept."""
        check_moments(until=self.until)

    async def plan(self, world: World) -> Draft:
        """Whose it is now. Raises NotFound, and Invalid where the end has passed, by the database's clock."""
        group = await group_of(world, self.group)
        if self.until is not None and self.until <= await world.runs.now():
            raise Invalid("until is in the past - at `$.until`")
        claim = (await world.claims.one(self.group)).claim
        effects = [Effect(named(group), f"yours {until(self.until, 'you release it')}")]
        if claim:
            effects.append(Effect("now", f"{claimed(claim)}: you take it over, unless that is you"))
        if self.note:
            effects.append(Effect("note", self.note))
        return Draft(
            count=1,
            effects=effects,
            confirm=Confirm.YES if claim else Confirm.NONE,
            subjects=[f"{self.group} is {_of(claim)}"],
            frozen={"from": claim.by if claim else None},
        )

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the group."""

        async def claim(unit: Unit) -> Verdict:
            taken_from = carrier.frozen.get("from")
            if not await world.claims.claim(unit, self.group, carrier.actor, self.until, taken_from):
                return Verdict(self.group, Outcome.CONFLICT, "a colleague was quicker: look who is on it")
            if self.note:
                await world.claims.write(unit, self.group, carrier.actor, self.note)
            return Verdict(self.group, Outcome.MOVED, f"claimed by {carrier.actor}")

        await carrier.chunks(Whole(self.group, claim))


class ReleaseGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """`group` is an id. Only its owner can release a group; anybody else takes it over."""

    name: ClassVar[str] = "group.release"
    title: ClassVar[str] = "Release a cause"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    group: str

    async def plan(self, world: World) -> Draft:
        """Whose it is now; a group that is forgotten meanwhile can be released still. Raises Invalid for nobody's."""
        claim = (await world.claims.one(self.group)).claim
        if claim is None:
            await group_of(world, self.group)
            raise Invalid(f"nobody is on group {self.group}")
        effects = [Effect(f"group {self.group}", "nobody is on it"), Effect("now", claimed(claim))]
        return Draft(count=1, effects=effects, confirm=Confirm.NONE, subjects=[f"{self.group} is {_of(claim)}"])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the group."""

        async def release(unit: Unit) -> Verdict:
            if not await world.claims.release(unit, self.group, carrier.actor):
                owner = (await world.claims.one(self.group)).claim
                whose = f"{owner.by} is on it, not {carrier.actor}: claim it instead" if owner else "nobody is on it"
                return Verdict(self.group, Outcome.CONFLICT, whose)
            return Verdict(self.group, Outcome.MOVED, "released")

        await carrier.chunks(Whole(self.group, release))


class NoteGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """`group` is an id; `note` takes the place of the one before, null takes it away."""

    name: ClassVar[str] = "group.note"
    title: ClassVar[str] = "Write a note on a cause"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    group: str
    note: Words | None

    async def plan(self, world: World) -> Draft:
        """What it will say and what it says now. Raises NotFound."""
        group = await group_of(world, self.group)
        before = (await world.claims.one(self.group)).note
        effects = [Effect(named(group), f"note: {self.note}" if self.note else "no note")]
        if before:
            effects.append(Effect("now", f"{before.text} (by {before.by})"))
        said = before.text if before else ""
        return Draft(count=1, effects=effects, confirm=Confirm.NONE, subjects=[f"{self.group} says {said}"])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the group."""

        async def write(unit: Unit) -> Verdict:
            await world.claims.write(unit, self.group, carrier.actor, self.note)
            return Verdict(self.group, Outcome.MOVED, "noted" if self.note else "no note any more")

        await carrier.chunks(Whole(self.group, write))


async def group_of(world: World, id: str) -> Group:
    """The group with this public id. Raises NotFound."""
    system, native = decode(id) or ("", "")
    letters = world.letters.get(system)
    group = await letters.group(native) if letters else None
    if group is None:
        raise NotFound(f"group {id}")
    return group


def named(group: Group) -> str:
    """`KeyError in queue parse, of kind parse_file`."""
    return f"{group.error_type} in queue {group.queue}, of kind {group.kind}"


def _of(claim: Claim | None) -> str:
    return f"claimed by {claim.by}" if claim else "nobody's"
