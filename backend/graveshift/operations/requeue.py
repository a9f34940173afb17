"""`dlq.requeue`: dead letters go back to waiting, behind live traffic, gently."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

from graveshift.driver import Can, Count, Letters, Move, Source, Unit, Verdict
from graveshift.operation import Care, Carrier, Draft, World
from graveshift.selection import LETTER_FIELDS, Aim, Frost, arrived, count_letters, kept, thawed
from graveshift.selection.trying import care, tried
from graveshift.selection.walk import Walk
from graveshift.selection.wording import bulk, letters_in_words
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Effect
from graveshift.wire.runs import PerSecond
from graveshift.wire.selection import Selection
from graveshift.wire.trials import Canaries, Guard, Then


class Requeue(Struct, frozen=True, forbid_unknown_fields=True):
    """`rate` is letters per second: null for the configured one, `unlimited` must be said.

    `canary` letters are tried first (true: the configured number), and `then` it goes on, asks or stops. `guard` has
    thresholds of its own for slowing itself down and stopping.
    """

    name: ClassVar[str] = "dlq.requeue"
    title: ClassVar[str] = "Requeue letters"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.REQUEUE

    selection: Selection
    rate: PerSecond | Literal["unlimited"] | None = None
    canary: Canaries | bool | None = None
    then: Then | None = None
    guard: Guard | None = None

    async def plan(self, world: World) -> Draft:
        """Freeze the selection as of now."""
        aim = self._aim(world)
        return await self._draft(world, aim, await aim.freeze(), Count(0))

    async def refresh(self, world: World, frozen: Mapping[str, Any]) -> Draft:
        """Count what was there when it was frozen, and what came since."""
        aim, frost = self._aim(world), thawed(frozen)
        return await self._draft(world, aim, frost, await arrived(aim, frost))

    async def run(self, world: World, carrier: Carrier) -> None:
        """Move them, oldest first."""

        async def move(source: Source, unit: Unit, letters: Sequence[str]) -> Sequence[Verdict]:
            return await source.move(unit, letters, Move.REQUEUE, carrier.run_id)

        aim, frost = self._aim(world), thawed(carrier.frozen)
        await carrier.chunks(Walk(aim, frost, move), self._care(world, aim, frost))

    def _care(self, world: World, aim: Aim[Letters], frost: Frost) -> Care:
        return care(world, aim, frost, canary=self.canary, then=self.then, guard=self.guard)

    def _aim(self, world: World) -> Aim[Letters]:
        return Aim(self.selection, world.letters, world.sources, needs=self.needs, fields=LETTER_FIELDS)

    async def _draft(self, world: World, aim: Aim[Letters], frost: Frost, since: Count) -> Draft:
        count = await count_letters(aim, frost)
        confirm, phrase = bulk(aim, count, world.environment)
        rate = self._rate(world)
        pace = "unlimited" if rate is None else f"at {rate:g}/s"
        effects = [Effect(await letters_in_words(aim, count), f"back to waiting, behind live traffic, {pace}")]
        return Draft(
            count=count.n,
            count_is_exact=count.exact,
            walked=aim.walked,
            arrived_since=since.n,
            effects=[*effects, *tried(self._care(world, aim, frost)), *await _paused(aim, count)],
            confirm=confirm,
            phrase=phrase,
            rate=rate,
            frozen=kept(frost),
            cutoff=frost.cutoff,
        )

    def _rate(self, world: World) -> float | None:
        match self.rate:
            case None:
                return world.rate_per_s
            case "unlimited":
                return None
            case per_s:
                return per_s


async def _paused(aim: Aim[Letters], count: Count) -> list[Effect]:
    """A queue that is paused keeps what comes back to it."""
    if aim.filter.queue is None or not count.n:
        return []
    sources = [aim.sources[name] for name in aim.pools]
    queues = [queue for source in sources for queue in await source.queues() if queue.name == aim.filter.queue]
    waits = "is paused: what comes back waits until it is resumed"
    return [Effect(f"queue {queue.name} in system {queue.system}", waits) for queue in queues if queue.paused]
