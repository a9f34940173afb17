"""Pages of several systems as one, in one order, with a cursor that holds a cursor of each."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from graveshift.errors import Invalid
from graveshift.wire.page import Page, Sort

T = TypeVar("T")
Reader = Callable[[str | None, int], Awaitable[Page[T]]]
Cursors = dict[str, str]


async def merged(
    readers: Mapping[str, Reader[T]],
    first: Callable[[T], Any],
    cursor: str | None,
    limit: int,
    sort: Sort = Sort.NEWEST,
) -> Page[T]:
    """A page of at most `limit`, greatest `first` foremost, or least where the oldest is asked for.

    A cursor holds `""` for a system not begun. A system that is not in the cursor has nothing left.
    """
    cursors = dict.fromkeys(readers, "") if cursor is None else _cursors(cursor, readers)
    if len(readers) == 1:
        return await _single(next(iter(readers.items())), cursors, limit)
    pages = await _pages(readers, cursors, dict.fromkeys(cursors, limit))
    taken = Counter(system for system, _ in _ordered(pages, first, sort)[:limit])
    cut = {s: taken[s] for s, page in pages.items() if 0 < taken[s] < len(page.items)}
    pages |= await _pages(readers, cursors, cut)
    items = [item for _, item in _ordered({s: pages[s] for s in taken}, first, sort)]
    rest = _rest(pages, cursors, taken)
    return _page(items, list(pages.values()), encode(rest) if rest else None)


async def _single(only: tuple[str, Reader[T]], cursors: Cursors, limit: int) -> Page[T]:
    system, read = only
    page = await read(cursors.get(system) or None, limit)
    rest = {system: page.next_cursor} if page.next_cursor else {}
    return msgspec.structs.replace(page, next_cursor=encode(rest) if rest else None)


async def _pages(readers: Mapping[str, Reader[T]], cursors: Cursors, limits: Mapping[str, int]) -> dict[str, Page[T]]:
    found = await asyncio.gather(*(readers[s](cursors[s] or None, limit) for s, limit in limits.items()))
    return dict(zip(limits, found, strict=True))


def _ordered(pages: Mapping[str, Page[T]], first: Callable[[T], Any], sort: Sort) -> list[tuple[str, T]]:
    every = [(system, item) for system, page in pages.items() for item in page.items]
    return sorted(every, key=lambda one: first(one[1]), reverse=sort is Sort.NEWEST)


def _rest(pages: Mapping[str, Page[T]], cursors: Cursors, taken: Mapping[str, int]) -> Cursors:
    """Where each system goes on: after what was taken of it, or where it was."""
    rest: Cursors = {}
    for system, page in pages.items():
        if page.items and not taken.get(system):
            rest[system] = cursors[system]
        elif page.next_cursor:
            rest[system] = page.next_cursor
    return rest


def _page(items: list[T], pages: Sequence[Page[T]], cursor: str | None) -> Page[T]:
    totals = [page.total for page in pages]
    known = [total for total in totals if total is not None]
    return Page(
        items,
        as_of=min(page.as_of for page in pages),
        next_cursor=cursor,
        total=sum(known) if len(known) == len(totals) else None,
        total_is_exact=all(page.total_is_exact for page in pages),
    )


def sliced(items: Sequence[T], key: Callable[[T], str], cursor: str | None, limit: int, as_of: datetime) -> Page[T]:
    """A page of a list that is whole in memory, ordered by its unique `key`."""
    after = _cursors(cursor, [""])[""] if cursor is not None else ""
    left = [item for item in sorted(items, key=key) if key(item) > after]
    following = encode({"": key(left[limit - 1])}) if len(left) > limit else None
    return Page(left[:limit], as_of=as_of, next_cursor=following, total=len(items))


def encode(cursors: Cursors) -> str:
    """The opaque text of a composite cursor."""
    return urlsafe_b64encode(msgspec.json.encode(cursors)).decode().rstrip("=")


def _cursors(text: str, systems: Any) -> Cursors:
    try:
        found = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursors)
    except (ValueError, msgspec.DecodeError) as error:
        raise Invalid("the cursor is not one of ours") from error
    if not found or not set(found) <= set(systems):
        raise Invalid("the cursor is not one of ours")
    return found
