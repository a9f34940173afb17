"""A few letters of a selection, spread over what they differ in: queue, kind, cause, version, host and age."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import zip_longest
from typing import TypeVar

from msgspec import structs

from graveshift.driver import Frozen, Letters
from graveshift.facets import host
from graveshift.selection import Aim, Frost, natives, system_of
from graveshift.store.position import letter_id
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.groups import Group
from graveshift.wire.ids import encode
from graveshift.wire.selection import Filter

T = TypeVar("T")

# So many letters are looked at for each that is wanted, of so many causes at most; so many in a row at each moment.
TIMES, CAUSES, BESIDE = 3, 100, 2


async def sample(aim: Aim[Letters], frost: Frost, n: int) -> list[str]:
    """Public ids of at most `n` letters that were there at the frost and still are."""
    if aim.ids is not None:
        named = spaced(aim.ids, TIMES * n)
        return spread(await _letters(aim, named), n)
    ids: list[str] = []
    for name, pool in aim.pools.items():
        if frozen := frost.systems.get(name):
            ids += [encode(name, native) for native in await _candidates(pool, aim.filter, frozen, n)]
    return spread(await _letters(aim, ids), n)


async def _candidates(pool: Letters, chosen: Filter, frozen: Frozen, n: int) -> list[str]:
    """Native ids: of each cause some, at moments that are evenly spaced between its oldest letter and its newest."""
    known = structs.replace(Filter(), queue=chosen.queue, kind=chosen.kind, fingerprint=chosen.fingerprint)
    groups = (await pool.groups(known, None, CAUSES)).items[:n]
    parts = [_narrowed(chosen, group) for group in groups] or [chosen]
    each = max(2, -(-TIMES * n // (len(parts) * BESIDE)))
    found: list[str] = []
    for part in parts:
        found += await _moments(pool, part, frozen, each)
    if len(set(found)) < n:
        found += await pool.pick(chosen, frozen, None, TIMES * n)
    return list(dict.fromkeys(found))


def _narrowed(chosen: Filter, group: Group) -> Filter:
    return structs.replace(chosen, queue=group.queue, kind=group.kind, fingerprint=group.fingerprint)


async def _moments(pool: Letters, chosen: Filter, frozen: Frozen, moments: int) -> list[str]:
    found = list(await pool.pick(chosen, frozen, None, BESIDE))
    newest = next(iter((await pool.page(chosen, None, 1)).items), None)
    oldest = await pool.one(found[0]) if found else None
    if oldest is None or newest is None or oldest.died_at >= newest.died_at:
        return found
    step = (newest.died_at - oldest.died_at) / moments
    for place in range(1, moments):
        after = letter_id(oldest.died_at + place * step, 1)
        found += await pool.pick(chosen, frozen, after, BESIDE)
    return found


async def _letters(aim: Aim[Letters], ids: Sequence[str]) -> list[LetterDetail]:
    """Those of these that are letters still."""
    found: list[LetterDetail] = []
    for id in ids:
        pool = aim.pools.get(system_of(id))
        letter = await pool.one(natives([id])[0]) if pool else None
        if letter is not None:
            found.append(letter)
    return found


def spread(letters: Sequence[LetterDetail], n: int) -> list[str]:
    """Ids of `n` of these: of each sort the same number while it lasts; of each sort all hosts, and the ages evenly."""
    aged = sorted(letters, key=lambda one: one.died_at)
    sorts = [_by_host(sort, n) for sort in _parted(aged, _sort)]
    return [letter.id for letter in _in_turns(sorts)][:n]


def _by_host(letters: Sequence[LetterDetail], n: int) -> list[LetterDetail]:
    return _in_turns([spaced(of_one, n) for of_one in _parted(letters, lambda one: host(bytes(one.payload)))])


def _sort(letter: LetterDetail) -> Hashable:
    return letter.system, letter.queue, letter.kind, letter.fingerprint, letter.worker_version


def _parted(letters: Sequence[LetterDetail], by: Callable[[LetterDetail], Hashable]) -> list[list[LetterDetail]]:
    parts: dict[Hashable, list[LetterDetail]] = {}
    for letter in letters:
        parts.setdefault(by(letter), []).append(letter)
    return list(parts.values())


def _in_turns(parts: Iterable[Sequence[LetterDetail]]) -> list[LetterDetail]:
    return [letter for turn in zip_longest(*parts) for letter in turn if letter is not None]


def spaced(things: Sequence[T], n: int) -> list[T]:
    """At most `n` of these: both ends first, then the middle between them, and so on."""
    if len(things) <= 2:
        return list(things)[:n]
    order, gaps = [0, len(things) - 1], [(0, len(things) - 1)]
    while gaps and len(order) < n:
        low, high = gaps.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            order.append(middle)
            gaps += [(low, middle), (middle, high)]
    return [things[place] for place in order[:n]]
