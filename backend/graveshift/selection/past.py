"""What became of the last run that requeued the same letters: a cure that failed once is not tried again by the way."""

import asyncio
from collections import Counter

from msgspec import Struct

from graveshift.errors import GraveshiftError
from graveshift.operation import World
from graveshift.selection.surveying import PATIENCE_S, Surveyed
from graveshift.selection.wording import moment
from graveshift.store.runs import number
from graveshift.wire.plans import Caution
from graveshift.wire.runs import Run

REQUEUE = "dlq.requeue"
PHRASE = "died again"
# So many of a run's jobs must have ended, and so many letters be meant, before its outcome stands in anybody's way.
TELLING = 10
LOOKED_AT = 5


class Before(Struct, frozen=True):
    """`caution` None: they were not requeued before, or nobody can say. `in_vain`: more died again than is good."""

    caution: Caution | None = None
    in_vain: bool = False


async def before(world: World, found: Surveyed) -> Before:
    """Of the newest requeue that these letters went through. Never longer than a moment."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _before(world, found)
    except (TimeoutError, GraveshiftError):
        return Before()


async def _before(world: World, found: Surveyed) -> Before:
    amounts: Counter[int] = Counter()
    for _, alike in found.alike:
        if alike.run_id is not None and (id := number(alike.run_id)):
            amounts[id] += alike.n
    for id in sorted(amounts, reverse=True)[:LOOKED_AT]:
        run = await world.runs.one(id)
        if run is not None and run.operation == REQUEUE:
            return await _told(world, run, amounts[id], found)
    return Before()


async def _told(world: World, run: Run, n: int, found: Surveyed) -> Before:
    fates = [await source.fates(int(run.id)) for source in world.sources.values()]
    known = [fate for fate in fates if fate is not None]
    dead, done = sum(fate.dead for fate in known), sum(fate.done for fate in known)
    ended = dead + done
    words = f"were requeued before, by run {run.id} of {run.actor}{_when(run)}, and are dead again"
    if not ended:
        return Before(Caution(code="requeued-before", n=n, of=found.sampled, words=words))
    share = dead / ended
    more = f": of the {run.moved:,} that it moved {ended:,} have ended, and {share:.0%} of these died again"
    many = ended >= TELLING and (not found.whole or found.of >= TELLING)
    caution = Caution(code="requeued-before", n=n, of=found.sampled, words=words + more)
    return Before(caution, many and share > world.died_again_limit)


def _when(run: Run) -> str:
    return f" at {moment(run.started_at)}" if run.started_at else ""
