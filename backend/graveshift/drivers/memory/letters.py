"""Dead letters in memory; see `graveshift.driver.Letters`."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from graveshift.back import Alike
from graveshift.driver import Count, Frozen
from graveshift.drivers.memory import explaining, groups, surveying
from graveshift.drivers.memory.showing import detail, letter
from graveshift.drivers.memory.state import Body, Place, State
from graveshift.drivers.memory.words import says
from graveshift.errors import Invalid
from graveshift.matching import carries, fits
from graveshift.seen import Explained, Pace
from graveshift.store.position import cursor as encoded
from graveshift.store.position import letter_id, letter_position, microseconds, moment, numbers_of
from graveshift.veil import Veil
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.groups import Group, Requeued
from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter

# Bytes of a payload that is looked through.
LONGEST = 8_192


class MemoryLetters:
    """Pages newest first or oldest first, picks oldest first, all by `(died_at, id)`."""

    def __init__(self, state: State) -> None:
        self.system = state.system
        self._state = state

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Letter]:
        after, newest = None if cursor is None else _position(cursor), sort is Sort.NEWEST
        places = sorted(self._places(chosen), reverse=newest)
        places = [p for p in places if after is None or (p < after if newest else p > after)]
        following = None
        if len(places) > limit:
            died_at, job = places[limit - 1]
            following = encoded(microseconds(died_at), job)
        letters = [letter(self._state, self._state.dead[place]) for place in places[:limit]]
        return Page(letters, self._state.now(), following, len(self._places(chosen)))

    async def one(self, native: str) -> LetterDetail | None:
        return detail(self._state, native)

    async def failing(self) -> Pace:
        return groups.failing(self._state)

    async def carried(self, chosen: Filter, limit: int) -> Sequence[bytes]:
        places = sorted(self._places(chosen), reverse=True)[:limit]
        payloads = [self._state.dead[place].job.payload for place in places]
        return [payload for payload in payloads if len(payload) <= LONGEST]

    async def groups(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
        return groups.page(self._state, chosen, cursor, limit)

    async def group(self, native: str) -> Group | None:
        return groups.one(self._state, native)

    async def explain(self, native: str) -> Explained | None:
        return explaining.explain(self._state, native)

    async def requeues(self, native: str, limit: int) -> Sequence[Requeued]:
        return explaining.requeues(self._state, native, limit)

    async def freeze(self) -> Frozen:
        return self._state.freeze()

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count:
        return Count(len(self._places(chosen, frozen)))

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        return Count(len(self._places(chosen)) - len(self._places(chosen, frozen)))

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        last = None if after is None else letter_position(after)
        if after is not None and last is None:
            raise Invalid("this is no letter to go on after")
        places = [place for place in self._places(chosen, frozen) if last is None or place > last]
        return [letter_id(*place) for place in places[:limit]]

    async def survey(self, letters: Sequence[str], queue: str | None = None) -> Sequence[Alike]:
        return surveying.survey(self._state, letters, queue)

    def _places(self, chosen: Filter, frozen: Frozen | None = None) -> list[Place]:
        bodies = self._state.dead.items()
        seen = [(p, body) for p, body in bodies if frozen is None or body.born <= int(frozen.snapshot)]
        return sorted(
            place for place, body in seen if matches(chosen, body, self.system, body.job.run_id, self._state.veil)
        )


def matches(chosen: Filter, body: Body, system: str, run: int | None, veil: Veil | None = None) -> bool:
    """True for a letter that fits; `run` is the one that a filter by run means."""
    own = structs.replace(chosen, without=[])
    return (
        _fits(own, body, system, run)
        and says(own, body.error_type, body.error_message)
        and carries(body.job.payload, own, veil)
        and not any(matches(excluded, body, system, run, veil) for excluded in chosen.without)
    )


def _fits(chosen: Filter, body: Body, system: str, run: int | None) -> bool:
    job = body.job
    has = (job.queue, job.kind, body.fingerprint, body.error_type, body.worker_version, system)
    names = ("queue", "kind", "fingerprint", "error_type", "version", "system")
    return (
        all(fits(value, getattr(chosen, name)) for name, value in zip(names, has, strict=True))
        and chosen.run_id in (None, str(run))
        and between(body.died_at, chosen.died_after, chosen.died_before)
        and between(job.enqueued_at, chosen.enqueued_after, chosen.enqueued_before)
        and within(job.attempt, chosen.attempts_min, chosen.attempts_max)
        and within(job.requeue_count, chosen.requeued_min, chosen.requeued_max)
    )


def between(at: datetime, after: datetime | None, before: datetime | None) -> bool:
    """True strictly between these; None is no bound."""
    return (after is None or at > after) and (before is None or at < before)


def within(n: int, least: int | None, most: int | None) -> bool:
    """True where it is neither less nor more; None is no bound."""
    return (least is None or n >= least) and (most is None or n <= most)


def _position(text: str) -> Place:
    us, job = numbers_of(text, 2)
    try:
        return moment(us), job
    except OverflowError as error:
        raise Invalid("the cursor is not one of ours") from error
