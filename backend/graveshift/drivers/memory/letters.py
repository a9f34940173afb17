"""Dead letters in memory; see `graveshift.driver.Letters`."""

import re
from collections.abc import Sequence

from graveshift.driver import Count, Frozen, Pace
from graveshift.drivers.memory import groups
from graveshift.drivers.memory.showing import detail, letter
from graveshift.drivers.memory.state import Body, Place, State
from graveshift.errors import Invalid
from graveshift.store.position import cursor as encoded
from graveshift.store.position import letter_id, letter_position, microseconds, moment, numbers_of
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.groups import Group
from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter

SEARCHED = 160


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

    async def groups(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
        return groups.page(self._state, chosen, cursor, limit)

    async def group(self, native: str) -> Group | None:
        return groups.one(self._state, native)

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

    def _places(self, chosen: Filter, frozen: Frozen | None = None) -> list[Place]:
        bodies = self._state.dead.items()
        seen = [(p, body) for p, body in bodies if frozen is None or body.born <= int(frozen.snapshot)]
        return sorted(place for place, body in seen if matches(chosen, body, self.system, body.job.run_id))


def matches(chosen: Filter, body: Body, system: str, run: int | None) -> bool:
    """True for a letter that fits; `run` is the one that a filter by run means."""
    has = (body.job.queue, body.job.kind, body.fingerprint, body.error_type, str(run), system)
    wanted = (chosen.queue, chosen.kind, chosen.fingerprint, chosen.error_type, chosen.run_id, chosen.system)
    after, before = chosen.died_after, chosen.died_before
    return (
        all(want in (None, value) for want, value in zip(wanted, has, strict=True))
        and (after is None or body.died_at > after)
        and (before is None or body.died_at < before)
        and (chosen.text is None or _has(body.error_message[:SEARCHED], chosen.text))
    )


def _has(message: str, words: str) -> bool:
    wanted = re.findall(r"\w+", words.lower())
    return bool(wanted) and set(wanted) <= set(re.findall(r"\w+", message.lower()))


def _position(text: str) -> Place:
    us, job = numbers_of(text, 2)
    try:
        return moment(us), job
    except OverflowError as error:
        raise Invalid("the cursor is not one of ours") from error
