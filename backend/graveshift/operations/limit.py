"""`queue.limit`: how many of a queue's jobs may run at once, and how many may start a second, over all workers."""

import math
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from graveshift.driver import Can, Source, Unit
from graveshift.errors import Invalid
from graveshift.operation import Carrier, Draft, World
from graveshift.selection.single import Single, queue_of
from graveshift.selection.standing import set_by
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.queues import Limit
from graveshift.wire.runs import PerSecond

Many = Annotated[int, Meta(ge=1, le=1_000_000)]


class LimitQueue(Struct, frozen=True, forbid_unknown_fields=True):
    """`queue` is an id. null is no limit, so both null lift what there is; `burst` null is what comes in one second."""

    name: ClassVar[str] = "queue.limit"
    title: ClassVar[str] = "Limit queue"
    danger: ClassVar[Danger] = Danger.SAFE
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.LIMIT

    queue: str
    concurrency: Many | None = None
    per_s: PerSecond | None = None
    burst: Many | None = None
    reason: Annotated[str, Meta(max_length=512)] | None = None

    async def plan(self, world: World) -> Draft:
        """The limit that it will have, the one that it has, and what of this goes because the order names none.

        Raises Invalid for a burst of no rate.
        """
        if self.burst is not None and self.per_s is None:
            raise Invalid("burst is how many may start before per_s holds, and there is no per_s - at `$.burst`")
        _, queue = await queue_of(world, self.queue, self.needs)
        before = in_words(queue.limit) + set_by(queue.limit)
        change = f"{in_words(self._limit())}, from the next claim on; what runs goes on (before: {before})"
        effects = [Effect(f"queue {queue.name} in system {queue.system}", change)]
        effects += [Effect("lifts", gone) for gone in self._lifted(queue.limit or Limit())]
        return Draft(count=1, effects=effects, confirm=Confirm.YES, subjects=[f"{queue.id} has {before}"])

    async def run(self, world: World, carrier: Carrier) -> None:
        """One item: the queue."""
        wanted = self._limit(carrier.actor, self.reason or carrier.reason)

        async def limit(source: Source, unit: Unit, queue: str) -> None:
            await source.limit(unit, queue, wanted)

        await carrier.chunks(Single(world, self.queue, limit, in_words(wanted)))

    def _lifted(self, before: Limit) -> list[str]:
        places = _places(before) if self.concurrency is None else ""
        rate = _rate(before) if self.per_s is None else ""
        return [gone for gone in (places, rate, self._burst_lost(before)) if gone]

    def _burst_lost(self, before: Limit) -> str:
        """A burst that was named, and that this order changes because it names none."""
        if self.per_s is None or self.burst is not None or before.per_s is None or before.burst is None:
            return ""
        after = _one_second(self.per_s)
        if before.burst in (after, _one_second(before.per_s)):
            return ""
        return f"the burst of {before.burst:,}: no burst is named, so it is what comes in one second, {after:,}"

    def _limit(self, by: str | None = None, reason: str | None = None) -> Limit:
        if self.concurrency is None and self.per_s is None:
            return Limit()
        burst = self.burst or (_one_second(self.per_s) if self.per_s else None)
        return Limit(self.concurrency, self.per_s, burst, by, reason)


def in_words(limit: Limit | None) -> str:
    """`at most 4 jobs at once and 10 starts a second after a burst of 10`, or `no limit`."""
    found = limit or Limit()
    words = [part for part in (_places(found), _rate(found)) if part]
    return f"at most {' and '.join(words)}" if words else "no limit"


def _one_second(per_s: float) -> int:
    """The burst of a rate that is given none."""
    return math.ceil(per_s)


def _places(limit: Limit) -> str:
    jobs = "job" if limit.concurrency == 1 else "jobs"
    return f"{limit.concurrency:,} {jobs} at once" if limit.concurrency else ""


def _rate(limit: Limit) -> str:
    starts = "start" if limit.per_s == 1 else "starts"
    return f"{limit.per_s:,.10g} {starts} a second after a burst of {limit.burst:,}" if limit.per_s else ""
