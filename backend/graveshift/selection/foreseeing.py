"""What stands in the way of letters that come back: taken keys, closed queues, no worker, a colleague at work."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graveshift.driver import Can, Letters, Source
from graveshift.errors import GraveshiftError
from graveshift.operation import World
from graveshift.selection import Aim
from graveshift.selection.standing import draining, paused, set_by
from graveshift.selection.surveying import PATIENCE_S, Surveyed
from graveshift.wire.plans import Caution
from graveshift.wire.queues import Queue
from graveshift.wire.workers import Worker, WorkerState

WORKING = {"dlq.requeue": "requeueing", "dlq.discard": "discarding"}
SAID = 5


async def foreseen(world: World, aim: Aim[Letters], found: Surveyed, queue: str | None) -> list[Caution]:
    """Of a requeue; `queue` is the other queue that they shall come to. Never longer than a moment."""
    cautions = [*_twice(world, found), *_taken(found, queue)]
    try:
        async with asyncio.timeout(PATIENCE_S):
            cautions += await _queues(world, aim, found, queue)
            cautions += await overlapping(world, aim, found)
    except (TimeoutError, GraveshiftError):
        cautions.append(
            Caution(code="not-looked", words="queues, workers and other runs could not be looked at in time")
        )
    return cautions


async def overlapping_in_time(world: World, aim: Aim[Letters], found: Surveyed) -> list[Caution]:
    """The same, or nothing where that takes longer than a moment."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await overlapping(world, aim, found)
    except (TimeoutError, GraveshiftError):
        return []


async def overlapping(world: World, aim: Aim[Letters], found: Surveyed) -> list[Caution]:
    """Live runs that may be after the same letters."""
    said = []
    for run, theirs in await world.runs.at_work(list(WORKING)):
        if _meets(aim, found, theirs):
            of = "" if run.total is None else f" of {run.total:,}"
            words = f"run {run.id} by {run.actor} is {WORKING[run.operation]} letters like these"
            rest = f"{run.handled:,}{of} so far; what it moves first stays moved, and is gone here"
            said.append(Caution(code="overlap", words=f"{words}, {rest}"))
    return said[:SAID]


def _twice(world: World, found: Surveyed) -> list[Caution]:
    """Letters whose last failure may have come after the side effect."""
    by_word: Counter[str] = Counter()
    for _, alike in found.alike:
        if word := world.delivery.may_have_arrived(alike.error_type, alike.message):
            by_word[word] += alike.n
    named = ", ".join(word for word, _ in by_word.most_common(3))
    words = f"may have arrived ({named}): the same job id is sent again"
    n = sum(by_word.values())
    return [Caution(code="delivery", n=n, of=found.sampled, words=words)] if n else []


def _taken(found: Surveyed, queue: str | None) -> list[Caution]:
    taken = sum(alike.taken or 0 for _, alike in found.alike)
    where = f"queue {queue}" if queue else "their queues"
    words = f"hold a unique key that another job in {where} has: they stay letters"
    return [Caution(code="key-taken", n=taken, of=found.sampled, words=words)] if taken else []


async def _queues(world: World, aim: Aim[Letters], found: Surveyed, queue: str | None) -> list[Caution]:
    said: list[Caution] = []
    for system in aim.pools:
        amounts: Counter[str] = Counter()
        kinds: Counter[tuple[str, str]] = Counter()
        for name, alike in found.alike:
            if name == system:
                amounts[queue or alike.queue] += alike.n
                kinds[queue or alike.queue, alike.kind] += alike.n
        if not amounts and (named := queue or aim.filter.queue):
            amounts[named] = 0
        said += await _of_system(world.sources[system], amounts, kinds, found)
    return said


async def _of_system(
    source: Source, amounts: Mapping[str, int], kinds: Mapping[tuple[str, str], int], found: Surveyed
) -> list[Caution]:
    if not amounts:
        return []
    queues = {queue.name: queue for queue in await source.queues()}
    workers = [worker for worker in await source.workers() if worker.state is not WorkerState.SILENT]
    said: list[Caution] = []
    for name, n in sorted(amounts.items(), key=lambda one: -one[1])[:SAID]:
        states = _of_queue(name, source.system, queues.get(name))
        if Can.WORKERS in source.can and not any(_serves(worker, name) for worker in workers):
            words = f"no live worker serves queue {name} in system {source.system}: what comes back waits"
            states.append(("no-worker", words))
        of = found.sampled if n else None
        said += [Caution(code=code, n=n or None, of=of, words=words) for code, words in states]
    return said + _unknown(kinds, workers, found)


def _of_queue(name: str, system: str, queue: Queue | None) -> list[tuple[str, str]]:
    if queue is None:
        return [("new-queue", f"there is no queue {name} in system {system} yet")]
    said, where = [], f"queue {name} in system {system} is"
    if queue.paused:
        said.append(("paused", f"{where} {paused(queue)}: what comes back waits"))
    if queue.draining:
        said.append(("draining", f"{where} {draining(queue)}: what comes back is worked all the same"))
    if queue.limit and (queue.limit.per_s is not None or queue.limit.concurrency is not None):
        said.append(("limited", f"{where} limited{set_by(queue.limit)}: what comes back waits for its turn"))
    return said


def _unknown(kinds: Mapping[tuple[str, str], int], workers: Sequence[Worker], found: Surveyed) -> list[Caution]:
    """Kinds that none of a queue's workers has a handler for; nothing where one of them does not say."""
    said = []
    for (queue, kind), n in sorted(kinds.items(), key=lambda one: -one[1]):
        known = [worker.kinds for worker in workers if _serves(worker, queue)]
        if known and not any(kinds is None or kind in kinds for kinds in known):
            words = f"no live worker of queue {queue} knows the kind {kind}: what comes back waits"
            said.append(Caution(code="unknown-kind", n=n, of=found.sampled, words=words))
    return said[:SAID]


def _serves(worker: Worker, queue: str) -> bool:
    return not worker.queues or queue in worker.queues


def _meets(aim: Aim[Letters], found: Surveyed, other: Mapping[str, Any]) -> bool:
    """True unless the two selections cannot have a letter in common, as far as that is cheap to tell."""
    theirs = other.get("ids")
    if theirs is not None and aim.ids is not None:
        return not set(theirs).isdisjoint(aim.ids)
    chosen: Mapping[str, Any] = other.get("filter") or {}
    mine = {name: getattr(aim.filter, name) for name in ("system", "queue", "kind", "fingerprint", "error_type")}
    if any(value is not None and chosen.get(name, value) != value for name, value in mine.items()):
        return False
    return theirs is not None or not found.whole or _any_like(found, chosen)


def _any_like(found: Surveyed, chosen: Mapping[str, Any]) -> bool:
    """True where one of these letters has what the other run looks for."""
    names = ("queue", "kind", "fingerprint", "error_type")
    each: Iterable[Mapping[str, str]] = ({name: getattr(one, name) for name in names} for _, one in found.alike)
    return any(all(chosen.get(name, value) == value for name, value in one.items()) for one in each)
