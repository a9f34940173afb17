"""What became of the last run that requeued the same letters: a cure that failed once is not tried again by the way."""

import asyncio
from collections import Counter

from msgspec import Struct, structs

from graveshift.driver import Letters
from graveshift.errors import GraveshiftError
from graveshift.operation import World
from graveshift.selection import Aim
from graveshift.selection.surveying import PATIENCE_S, Surveyed
from graveshift.selection.wording import moment
from graveshift.store.runs import number
from graveshift.wire.ids import decode
from graveshift.wire.plans import Caution
from graveshift.wire.runs import Run

REQUEUE = "dlq.requeue"
PHRASE = "died again"
BECAUSE = "most died again last time"
# So many of a run's jobs must have ended, and so many letters be meant, before its outcome stands in anybody's way.
TELLING = 10
LOOKED_AT = 5
# Causes that are asked for their last run, where only the oldest letters were looked at.
LARGEST = 3


class Before(Struct, frozen=True):
    """`caution` None: they were not requeued before, or nobody can say. `in_vain`: more died again than is good."""

    caution: Caution | None = None
    in_vain: bool = False


async def before(world: World, aim: Aim[Letters], found: Surveyed) -> Before:
    """Of the newest requeue that these letters went through. Never longer than a moment."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _before(world, aim, found)
    except (TimeoutError, GraveshiftError):
        return Before()


async def _before(world: World, aim: Aim[Letters], found: Surveyed) -> Before:
    amounts: Counter[int] = Counter()
    for _, alike in found.alike:
        if alike.run_id is not None and (id := number(alike.run_id)):
            amounts[id] += alike.n
    newest = await _newest(aim, found)
    for id in sorted({*amounts, *newest}, reverse=True)[:LOOKED_AT]:
        run = await world.runs.one(id)
        if run is not None and run.operation == REQUEUE:
            n, of = (newest[id], None) if id in newest else (amounts[id], found.sampled)
            return await _told(world, run, Caution(code="requeued-before", n=n, of=of, words=""), found)
    return Before()


async def _newest(aim: Aim[Letters], found: Surveyed) -> dict[int, int]:
    """The last run over each of the largest causes, and how many of these letters it moved.

    The oldest, which were looked at, have no trace of a canary's few: these died last.
    """
    if found.whole or aim.ids is not None or aim.filter.run_id is not None:
        return {}
    amounts: dict[int, int] = {}
    for public in sorted(found.causes, key=lambda cause: -found.causes[cause][1])[:LARGEST]:
        system, native = decode(public) or ("", "")
        pool = aim.pools.get(system)
        for last in (await pool.requeues(native, 1) or ()) if pool is not None else ():
            id = number(last.run_id)
            if pool is not None and id and id not in amounts:
                amounts[id] = (await pool.count(structs.replace(aim.filter, run_id=last.run_id))).n
    return {id: n for id, n in amounts.items() if n}


async def _told(world: World, run: Run, many: Caution, found: Surveyed) -> Before:
    """`many` is how many of these letters went through the run, still without words."""
    fates = [await source.fates(int(run.id)) for source in world.sources.values()]
    known = [fate for fate in fates if fate is not None]
    dead, done = sum(fate.dead for fate in known), sum(fate.done for fate in known)
    ended = dead + done
    words = f"were requeued before, by run {run.id} of {run.actor}{_when(run)}, and are dead again"
    if not ended:
        return Before(structs.replace(many, words=words))
    share = dead / ended
    more = f": of the {run.moved:,} that it moved {ended:,} have ended, and {share:.0%} of these died again"
    is_telling = ended >= TELLING and (not found.whole or found.of >= TELLING)
    return Before(structs.replace(many, words=words + more), is_telling and share > world.died_again_limit)


def _when(run: Run) -> str:
    return f" at {moment(run.started_at)}" if run.started_at else ""
