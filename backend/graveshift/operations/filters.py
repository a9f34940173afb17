"""`filter.save` and `filter.drop`: filters by name, for every operator."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from graveshift.driver import Unit, Verdict
from graveshift.errors import Invalid, NotFound, Unreadable
from graveshift.operation import Carrier, Draft, World
from graveshift.query import hidden, saved_in, terms_of
from graveshift.selection.wording import moment, which
from graveshift.wire.filters import SAVED_NAME, SavedFilter
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.runs import Outcome

Name = Annotated[str, Meta(pattern=SAVED_NAME)]


class SaveFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """`name` is of letters, digits and `._-`; `query` is the text of a filter. One by that name is replaced."""

    name: ClassVar[str] = "filter.save"
    title: ClassVar[str] = "Save filter"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    called: Name = field(name="name")
    query: Annotated[str, Meta(max_length=4096)]

    async def plan(self, world: World) -> Draft:
        """A yes where it takes the place of another. Raises Unreadable, and Invalid for a text without conditions."""
        meant = await world.interpreter.check(self.called, self.query)
        if meant.is_empty:
            raise Invalid("a filter without conditions is none - at `$.query`")
        before = await world.interpreter.filters.one(self.called)
        effects = [Effect(f"saved:{self.called}", f"means{which(meant)}: {_shown(world, self.query)}")]
        if before is not None and before.query != self.query:
            effects.append(Effect("instead of", _told(world, before)))
        return Draft(
            count=1,
            effects=effects,
            confirm=Confirm.NONE if before is None else Confirm.YES,
            subjects=[_said(self.called, before)],
        )

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the filter."""

        async def save(unit: Unit) -> Verdict:
            before = await world.interpreter.filters.save(unit, self.called, self.query, carrier.actor)
            instead = f" instead of {_told(world, before)}" if before and before.query != self.query else ""
            return Verdict(self.called, Outcome.MOVED, f"saved{instead}")

        await carrier.chunks(_One(self.called, save))


class DropFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """A text that names it cannot be understood any more; plans that were made of it go on."""

    name: ClassVar[str] = "filter.drop"
    title: ClassVar[str] = "Drop filter"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    called: Name = field(name="name")

    async def plan(self, world: World) -> Draft:
        """Raises NotFound."""
        before = await world.interpreter.filters.one(self.called)
        if before is None:
            raise NotFound(f"filter {self.called}")
        effects = [
            Effect(f"saved:{self.called}", f"forgotten: {_told(world, before)}"),
            Effect("to have it again", "what it said is kept on the record: filter.save takes that"),
        ]
        others = await world.interpreter.filters.all()
        for other in others:
            if _names(other, self.called):
                effects.append(
                    Effect(f"saved:{other.name}", f"names it, and cannot be understood then: {_told(world, other)}")
                )
        return Draft(count=1, effects=effects, confirm=Confirm.YES, subjects=[_said(self.called, before)])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the filter."""

        async def drop(unit: Unit) -> Verdict:
            if before := await world.interpreter.filters.drop(unit, self.called):
                return Verdict(self.called, Outcome.MOVED, f"dropped: {_told(world, before)}")
            return Verdict(self.called, Outcome.GONE, "there is no such filter")

        await carrier.chunks(_One(self.called, drop))


def _shown(world: World, text: str) -> str:
    """A filter's text without the secrets that it looks for."""
    return hidden(text, world.redaction.payload, world.redaction.text)


def _told(world: World, saved: SavedFilter) -> str:
    """`queue:mail, saved by ben at 2026-11-22 03:40:00Z`."""
    return f"{_shown(world, saved.query)}, saved by {saved.saved_by} at {moment(saved.saved_at)}"


def _names(saved: SavedFilter, name: str) -> bool:
    """False of a text that nobody can read any more."""
    try:
        return name in saved_in(terms_of(saved.query))
    except Unreadable:
        return False


def _said(name: str, before: SavedFilter | None) -> str:
    return f"filter {name}: {'none' if before is None else before.query}"


class _One:
    """One chunk of one filter, in the ledger's own database; see `graveshift.operation.Chunks`."""

    def __init__(self, name: str, act: Callable[[Unit], Awaitable[Verdict]]) -> None:
        self._name = name
        self._act = act

    async def pick(self, after: str | None, limit: int) -> Sequence[str]:
        """It, once."""
        return [self._name] if after is None else []

    def transacts(self, ids: Sequence[str]) -> bool:
        """Always: filters lie in the ledger."""
        return True

    async def act(self, unit: Unit, ids: Sequence[str]) -> Sequence[Verdict]:
        """Twice is the same as once."""
        return [await self._act(unit)]
