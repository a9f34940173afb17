"""Which things a verb acts on: a selection counted, frozen, picked in order, and said in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from graveshift.driver import Can, Count, Frozen, Letters, Source
from graveshift.errors import Invalid, SelectionEmpty, Unsupported
from graveshift.wire.ids import decode, encode
from graveshift.wire.jobs import JobState
from graveshift.wire.selection import JOB_FIELDS, LETTER_FIELDS, TRASH_FIELDS, Filter, Selection, strange_state

__all__ = [
    "JOB_FIELDS",
    "LETTER_FIELDS",
    "TRASH_FIELDS",
    "Aim",
    "Frost",
    "P",
    "Pool",
    "arrived",
    "count_letters",
    "kept",
    "natives",
    "system_of",
    "thawed",
    "total",
]


class Pool(Protocol):
    """What letters and jobs have in common: things of one system that can be counted and picked."""

    system: str

    async def freeze(self) -> Frozen: ...

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count: ...

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count: ...

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]: ...


P = TypeVar("P", bound=Pool)


class Frost(Struct, frozen=True):
    """A frozen selection as a plan keeps it: by system, when a filter was frozen. Ids need no freezing."""

    systems: dict[str, Frozen] = {}

    @property
    def cutoff(self) -> datetime | None:
        """The earliest of the systems' moments."""
        return min((frozen.cutoff for frozen in self.systems.values()), default=None)


class Aim(Generic[P]):
    """A checked selection among the pools of the systems that can do what the verb needs.

    Raises Invalid unless it is exactly one of ids, filter and all (the Desk has made a filter of a query), and for
    conditions that are not among `fields`;
    SelectionEmpty for an empty filter; Unsupported where a named system cannot do it.
    """

    def __init__(
        self,
        selection: Selection,
        pools: Mapping[str, P],
        sources: Mapping[str, Source],
        *,
        needs: Can,
        fields: frozenset[str],
    ) -> None:
        _check(selection, fields)
        self.filter = selection.filter or Filter()
        self.ids = None if selection.ids is None else sorted(dict.fromkeys(selection.ids), key=system_of)
        self._places = {id: place for place, id in enumerate(self.ids or [])}
        self.sources = sources
        able = {name: pool for name, pool in pools.items() if name in sources and needs in sources[name].can}
        named = {self.filter.system or ""} if self.ids is None else {system_of(id) for id in self.ids}
        if unable := sorted(name for name in named if name in pools and name not in able):
            raise Unsupported(f"{needs} in {', '.join(unable)}")
        self.pools = {name: able[name] for name in sorted(able) if self.filter.system in (None, name)}

    @property
    def walked(self) -> int | None:
        """How many items a run over named ids has, whatever became of them; None for a filter."""
        return None if self.ids is None else len(self.ids)

    async def freeze(self) -> Frost:
        """This moment, in every system that the filter may reach."""
        if self.ids is not None:
            return Frost()
        return Frost({name: await pool.freeze() for name, pool in self.pools.items()})

    async def count(self, frost: Frost) -> Count:
        """How many were there at the frost and still are; named ids are counted as they were named."""
        if self.ids is not None:
            return Count(len(self.ids))
        return total([await pool.count(self.filter, frost.systems[name]) for name, pool in self._known(frost)])

    async def pick(self, frost: Frost, after: str | None, limit: int) -> Sequence[str]:
        """The next public ids after `after`, all of one system."""
        if self.ids is not None:
            return self._named(self.ids, after, limit)
        system, native = decode(after) or ("", None) if after else ("", None)
        for name, pool in self._known(frost):
            if name < system:
                continue
            found = await pool.pick(self.filter, frost.systems[name], native if name == system else None, limit)
            if found:
                return [encode(name, id) for id in found]
        return []

    def source(self, ids: Sequence[str]) -> Source | None:
        """The system that all of these are in; None where it is none of ours, and then they are nowhere."""
        return self.sources.get(system_of(ids[0])) if ids else None

    def transacts(self, ids: Sequence[str]) -> bool:
        """True where what happens to these is part of the ledger's own transaction."""
        source = self.source(ids)
        return source is None or Can.TRANSACT in source.can

    def _known(self, frost: Frost) -> list[tuple[str, P]]:
        return [(name, pool) for name, pool in self.pools.items() if name in frost.systems]

    def _named(self, ids: Sequence[str], after: str | None, limit: int) -> Sequence[str]:
        """System by system, and in each as they were named."""
        start = self._places[after] + 1 if after is not None else 0
        chunk = ids[start : start + limit]
        return [id for id in chunk if system_of(id) == system_of(chunk[0])]


async def count_letters(aim: Aim[Letters], frost: Frost) -> Count:
    """How many letters there are of the selection; of named ids, those that are letters still."""
    if aim.ids is None:
        return await aim.count(frost)
    found = 0
    for system, ids in groupby(aim.ids, key=system_of):
        if source := aim.sources.get(system):
            found += len(set(await source.standing(natives(list(ids)))))
    return Count(found)


async def arrived(aim: Aim[P], frost: Frost) -> Count:
    """Letters or jobs that match now and were not there at the frost; none for named ids."""
    if aim.ids is not None:
        return Count(0)
    pairs = [(pool, frost.systems[name]) for name, pool in aim.pools.items() if name in frost.systems]
    return total([await pool.arrived(aim.filter, frozen) for pool, frozen in pairs])


def thawed(frozen: Mapping[str, Any]) -> Frost:
    """The frost that a draft kept."""
    return msgspec.convert(dict(frozen), type=Frost)


def kept(frost: Frost) -> dict[str, Any]:
    """A frost as a draft keeps it."""
    plain: dict[str, Any] = msgspec.to_builtins(frost)
    return plain


def total(counts: Sequence[Count]) -> Count:
    """The sum, exact where every part is; else at most what can be said."""
    n, exact = sum(count.n for count in counts), all(count.exact for count in counts)
    return Count(n, exact)


def natives(ids: Sequence[str]) -> list[str]:
    """The native ids of public ids of one system."""
    return [decoded[1] for decoded in map(decode, ids) if decoded]


def system_of(id: str) -> str:
    """The system an id is in; empty for what is no id of ours."""
    decoded = decode(id)
    return decoded[0] if decoded else ""


def _check(selection: Selection, fields: frozenset[str]) -> None:
    if selection.query is not None:
        raise Invalid("a selection's `query` is understood by the Desk - at `$.selection.query`")
    given = [selection.ids is not None, selection.filter is not None, selection.all is not None]
    if sum(given) != 1 or selection.all is False:
        raise Invalid("a selection is exactly one of `ids`, `filter`, `query` and `all: true`")
    if selection.ids == [] or (selection.filter and selection.filter.is_empty):
        raise SelectionEmpty("no ids" if selection.ids == [] else "")
    if said := strange_state(selection.filter or Filter(), JobState):
        raise Invalid(said)
    if strange := sorted((selection.filter or Filter()).given - fields):
        raise Invalid(f"`{strange[0]}` is no condition here; there are {', '.join(sorted(fields))} - at `$.selection`")
