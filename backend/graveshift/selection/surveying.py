"""What a selection of letters is made of: by queue, kind and group, exact where the roll-up tells, else of a sample."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from msgspec import Struct, structs

from graveshift.back import Alike
from graveshift.driver import Count, Letters
from graveshift.errors import GraveshiftError
from graveshift.selection import Aim, Frost, natives, system_of
from graveshift.wire.groups import Group
from graveshift.wire.ids import group_id
from graveshift.wire.plans import Breakdown, Share
from graveshift.wire.selection import Filter

# Letters that are looked at one by one, causes that the roll-up is asked for, and the seconds that either may take.
SAMPLE, CAUSES, PATIENCE_S = 2_000, 1_000, 0.8
NAMED = 5


class Surveyed(Struct, frozen=True):
    """`alike` by system, of `of` letters, the oldest; `whole` where these are all of them. No `parts`: not in time.

    `causes` are those that are known of, by the public ids of their groups, with the error and how many letters.
    """

    parts: Sequence[Breakdown] | None = None
    parts_of: int | None = None
    alike: Sequence[tuple[str, Alike]] = ()
    of: int = 0
    whole: bool = False
    causes: Mapping[str, tuple[str, int]] = {}

    @property
    def sampled(self) -> int | None:
        """How many a number is of; None where it is of all."""
        return None if self.whole else self.of


async def surveyed(aim: Aim[Letters], frost: Frost, count: Count, queue: str | None = None) -> Surveyed:
    """Never longer than a moment: what cannot be told by then is left out. `queue` is where they would come back to."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            alike, of = await _sampled(aim, frost, queue)
    except (TimeoutError, GraveshiftError):
        return Surveyed()
    whole = count.exact and of >= count.n
    found = Surveyed(_of_alike(alike), None if whole else of, alike, of, whole, _causes(alike))
    return found if whole else await _told(aim, count, found)


async def _sampled(aim: Aim[Letters], frost: Frost, queue: str | None) -> tuple[list[tuple[str, Alike]], int]:
    found: list[tuple[str, Alike]] = []
    for system, ids in await _picked(aim, frost):
        found += [(system, alike) for alike in await aim.pools[system].survey(ids, queue)]
    return found, sum(alike.n for _, alike in found)


async def _picked(aim: Aim[Letters], frost: Frost) -> list[tuple[str, Sequence[str]]]:
    if aim.ids is not None:
        named = [(system, natives(list(ids))) for system, ids in groupby(aim.ids, key=system_of)]
        return [(system, ids) for system, ids in named if system in aim.pools]
    known = [(name, pool) for name, pool in aim.pools.items() if name in frost.systems]
    each = SAMPLE // max(len(known), 1)
    return [(name, await pool.pick(aim.filter, frost.systems[name], None, each)) for name, pool in known]


async def _told(aim: Aim[Letters], count: Count, found: Surveyed) -> Surveyed:
    """The parts by the roll-up, where it knows these conditions and so few causes that one page holds them."""
    chosen = aim.filter
    plain = Filter(system=chosen.system, queue=chosen.queue, kind=chosen.kind, fingerprint=chosen.fingerprint)
    if aim.ids is not None or chosen != plain or not count.exact:
        return found
    groups: list[Group] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            for pool in aim.pools.values():
                page = await pool.groups(chosen, None, CAUSES)
                if page.next_cursor is not None:
                    return found
                groups += page.items
    except (TimeoutError, GraveshiftError):
        return found
    causes = {group.id: (group.error_type, group.dead) for group in groups if group.dead}
    return structs.replace(found, parts=_of_groups(groups), parts_of=None, causes=causes)


def _causes(alike: Sequence[tuple[str, Alike]]) -> dict[str, tuple[str, int]]:
    amounts: Counter[str] = Counter()
    errors: dict[str, str] = {}
    for system, one in alike:
        id = group_id(system, one.queue, one.kind, one.fingerprint)
        amounts[id] += one.n
        errors[id] = one.error_type
    return {id: (errors[id], n) for id, n in amounts.items()}


def _of_alike(alike: Sequence[tuple[str, Alike]]) -> list[Breakdown]:
    labels = {one.fingerprint: _label(one) for _, one in alike}
    return [
        _top("queue", ((one.queue, one.n) for _, one in alike)),
        _top("kind", ((one.kind, one.n) for _, one in alike)),
        _top("group", ((one.fingerprint, one.n) for _, one in alike), labels),
    ]


def _of_groups(groups: Sequence[Group]) -> list[Breakdown]:
    labels = {group.fingerprint: _label(group) for group in groups}
    return [
        _top("queue", ((group.queue, group.dead) for group in groups)),
        _top("kind", ((group.kind, group.dead) for group in groups)),
        _top("group", ((group.fingerprint, group.dead) for group in groups), labels),
    ]


def _top(by: str, amounts: Iterable[tuple[str, int]], labels: dict[str, str] | None = None) -> Breakdown:
    counted: Counter[str] = Counter()
    for name, n in amounts:
        counted[name] += n
    ranked = sorted(((name, n) for name, n in counted.items() if n > 0), key=lambda one: (-one[1], one[0]))
    shares = [Share(name, n, (labels or {}).get(name, "")) for name, n in ranked[:NAMED]]
    return Breakdown(by, shares, max(0, len(ranked) - NAMED))


def _label(cause: Alike | Group) -> str:
    """`QuotaExceeded [customer=acme]: over quota`: two causes may differ by the field alone."""
    split = f" [{cause.split}]" if cause.split else ""
    short = f"{cause.error_type.rpartition('.')[2]}{split}: {cause.message}"
    return short[:160] if cause.message else f"{cause.error_type}{split}"
