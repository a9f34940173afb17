"""`dlq.reveal`: one letter may be seen as it is, by who asked, once, with a reason on the record."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from graveshift.driver import Letters, Source, Unit, Verdict
from graveshift.errors import NotFound
from graveshift.operation import Carrier, Draft, World
from graveshift.selection.single import Single
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.ids import decode
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.runs import Outcome


class Reveal(Struct, frozen=True, forbid_unknown_fields=True):
    """`letter` is an id. What it holds is read from `GET /v1/runs/{id}/revealed`, and is never kept in the ledger."""

    name: ClassVar[str] = "dlq.reveal"
    title: ClassVar[str] = "Reveal letter"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR

    letter: str
    reason: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]

    async def plan(self, world: World) -> Draft:
        """Which letter, by its queue and kind; nothing of what is in it."""
        found = await self._found(world)
        effect = Effect(
            f"letter {self.letter} of {found.kind} in queue {found.queue}",
            "shown to you as it is, once, within a minute; the record says that you saw it and why",
        )
        return Draft(count=1, effects=[effect], confirm=Confirm.NONE, subjects=[self.letter])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the letter."""

        async def opened(source: Source, unit: Unit, native: str) -> Verdict | None:
            letters = self._letters(world)
            there = letters is not None and await letters.one(native) is not None
            return None if there else Verdict(self.letter, Outcome.GONE)

        await carrier.chunks(Single(world, self.letter, opened, "may be shown once"))

    async def _found(self, world: World) -> LetterDetail:
        _, native = decode(self.letter) or ("", "")
        letters = self._letters(world)
        found = await letters.one(native) if letters else None
        if found is None:
            raise NotFound(f"letter {self.letter}")
        return found

    def _letters(self, world: World) -> Letters | None:
        return world.letters.get((decode(self.letter) or ("", ""))[0])
