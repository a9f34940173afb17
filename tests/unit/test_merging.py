"""Pages of several systems come out as one order, whole and without repetition, whatever the sizes."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from graveshift.api.merging import Reader, encode, merged, sliced
from graveshift.errors import Invalid
from graveshift.wire.page import Page, Sort

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SYSTEMS = st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 50), max_size=30, unique=True), min_size=1)


def reader(numbers: list[int], total: int | None = None) -> Reader[int]:
    """A system whose items are these numbers, greatest first, and whose cursor is the last number given out."""

    async def read(cursor: str | None, limit: int) -> Page[int]:
        left = [n for n in sorted(numbers, reverse=True) if cursor is None or n < int(cursor)]
        more = str(left[limit - 1]) if len(left) > limit else None
        return Page(left[:limit], as_of=NOW, next_cursor=more, total=len(numbers) if total is None else total)

    return read


@given(systems=SYSTEMS, limit=st.integers(1, 12))
async def test_from_the_other_end_the_least_come_first(systems: Mapping[str, list[int]], limit: int) -> None:
    readers = {name: reader([-n for n in numbers]) for name, numbers in systems.items()}
    turned = {name: _turned(read) for name, read in readers.items()}
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = await merged(turned, lambda n: n, cursor, limit, Sort.OLDEST)
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted(n for numbers in systems.values() for n in numbers)


def _turned(read: Reader[int]) -> Reader[int]:
    async def turned(cursor: str | None, limit: int) -> Page[int]:
        page = await read(cursor, limit)
        return structs.replace(page, items=[-n for n in page.items])

    return turned


@given(systems=SYSTEMS, limit=st.integers(1, 12))
async def test_the_pages_of_all_systems_are_one_sequence(systems: Mapping[str, list[int]], limit: int) -> None:
    readers = {name: reader(numbers) for name, numbers in systems.items()}
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = await merged(readers, lambda n: n, cursor, limit)
        assert len(page.items) <= limit
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted((n for numbers in systems.values() for n in numbers), reverse=True)


async def test_totals_add_up() -> None:
    page = await merged({"a": reader([1, 2]), "b": reader([3])}, lambda n: n, None, 10)
    assert (page.items, page.total, page.total_is_exact) == ([3, 2, 1], 3, True)


@pytest.mark.parametrize("cursor", ["", "!", encode({}), encode({"other": "1"}), "e30", "W10"])
async def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        await merged({"a": reader([1]), "b": reader([2])}, lambda n: n, cursor, 10)
    with pytest.raises(Invalid):
        sliced(["a"], str, cursor or "!", 10, NOW)


def test_a_list_in_memory_is_paged_by_its_key() -> None:
    items, seen, cursor = [f"q{n:02}" for n in range(25)], [], None
    while True:
        page = sliced(items, str, cursor, 10, NOW)
        seen += page.items
        assert page.total == 25
        if (cursor := page.next_cursor) is None:
            break
    assert seen == items
