"""The trash in memory; see `graveshift.driver.Trash`."""

from collections.abc import Sequence

from graveshift.driver import Count, Frozen
from graveshift.drivers.memory.letters import matches
from graveshift.drivers.memory.showing import discarded, discarded_detail
from graveshift.drivers.memory.state import Place, State
from graveshift.errors import Invalid
from graveshift.store.position import cursor as encoded
from graveshift.store.position import letter_id, letter_position, microseconds, numbers_of
from graveshift.wire.page import Page
from graveshift.wire.selection import Filter
from graveshift.wire.trash import Discarded, DiscardedDetail


class MemoryTrash:
    """Pages newest discarded first, picks by job id."""

    def __init__(self, state: State) -> None:
        self.system = state.system
        self._state = state

    async def page(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Discarded]:
        before = None if cursor is None else numbers_of(cursor, 2)
        order = sorted(((self._order(place), place) for place in self._places(chosen)), reverse=True)
        rest = [(order, place) for order, place in order if before is None or order < before]
        following = encoded(*rest[limit - 1][0]) if len(rest) > limit else None
        items = [discarded(self._state, self._state.trash[place]) for _, place in rest[:limit]]
        return Page(items, self._state.now(), following, len(order))

    async def one(self, native: str) -> DiscardedDetail | None:
        place = letter_position(native)
        settled = None if place is None else self._state.trash.get(place)
        return None if settled is None else discarded_detail(self._state, settled)

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        return [native for native in letters if letter_position(native) in self._state.trash]

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
        places = sorted(self._places(chosen, frozen), key=lambda place: place[1])
        return [letter_id(*place) for place in places if last is None or place[1] > last[1]][:limit]

    def _order(self, place: Place) -> tuple[int, int]:
        return microseconds(self._state.trash[place].at), place[1]

    def _places(self, chosen: Filter, frozen: Frozen | None = None) -> list[Place]:
        return [
            place
            for place, settled in self._state.trash.items()
            if (frozen is None or settled.born <= int(frozen.snapshot))
            and matches(chosen, settled.body, self.system, settled.run, self._state.veil)
        ]
