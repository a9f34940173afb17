"""A list of cursor pages keeps its rows in place while the world changes."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from graveshift.wire.page import Page
from graveshift_tui.widgets.chain import KEEP, LEAP, PAGE, Chain, Fetch

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Source:
    """A list that is read by keyset, newest (greatest) first."""

    def __init__(self, rows: Sequence[int], *, counted: bool = True) -> None:
        self.rows = sorted(rows, reverse=True)
        self.counted = counted

    def page(self, cursor: str | None, limit: int) -> Page[str]:
        rest = [row for row in self.rows if cursor is None or row < int(cursor)]
        more = str(rest[limit - 1]) if len(rest) > limit else None
        return Page([str(r) for r in rest[:limit]], NOW, more, len(self.rows) if self.counted else None)

    def of(self, fetch: Fetch) -> Page[str]:
        """The page that is asked for, from whichever end."""
        if not fetch.from_end:
            return self.page(fetch.cursor, fetch.limit)
        rest = [row for row in reversed(self.rows) if fetch.cursor is None or row > int(fetch.cursor)]
        more = str(rest[fetch.limit - 1]) if len(rest) > fetch.limit else None
        return Page([str(r) for r in rest[: fetch.limit]], NOW, more, len(self.rows) if self.counted else None)


def read(chain: Chain[str], source: Source, first: int, last: int) -> None:
    while fetch := chain.wanted(first, last):
        assert chain.put(fetch, source.of(fetch))


def renew(chain: Chain[str], source: Source, first: int, last: int, *, follow: bool) -> None:
    chain.renew([(f, source.of(f)) for f in chain.rereads(first, last)], follow=follow)


def shown(chain: Chain[str], first: int, last: int) -> list[int]:
    return [int(row) for i in range(first, last) if (row := chain.row(i)) is not None]


def test_room_is_left_for_the_whole_list_before_it_is_read() -> None:
    chain: Chain[str] = Chain(str)
    read(chain, Source(range(5000)), 0, 20)
    assert (chain.known, chain.size, chain.complete) == (PAGE, 5000, False)


def test_a_list_of_unknown_length_grows_at_its_end_until_it_is_complete() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(250), counted=False)
    chain.total_is_exact = False
    read(chain, source, 0, 20)
    assert chain.size > chain.known
    read(chain, source, 240, 260)
    assert (chain.size, chain.complete) == (250, True)


def test_far_pages_are_let_go_and_read_again_directly() -> None:
    chain: Chain[str] = Chain(str)
    rows = KEEP + 20 * PAGE
    source = Source(range(rows))
    for first in range(0, rows, PAGE):
        read(chain, source, first, first + PAGE - 1)
    assert chain.row(PAGE) is None
    assert chain.wanted(PAGE, PAGE + 10) is not None
    read(chain, source, PAGE, PAGE + 10)
    assert chain.row(PAGE) == str(rows - PAGE - 1)


def test_no_more_rows_are_kept_however_large_the_pages_are() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(20 * LEAP))
    read(chain, source, 0, 20)
    while fetch := chain.wanted(chain.known, chain.known, leap=True):
        assert chain.put(fetch, source.page(fetch.cursor, fetch.limit))
    assert (chain.complete, chain.known) == (True, 20 * LEAP)
    kept = sum(chain.row(index) is not None for index in range(chain.known))
    assert kept <= KEEP
    assert chain.row(chain.known - 1) == "0"


def read_end(chain: Chain[str], source: Source) -> None:
    """As the key for the end does."""
    fetch = chain.last_page()
    assert fetch is not None
    assert chain.put(fetch, source.of(fetch))


def test_the_end_is_read_from_the_end_and_the_rest_is_a_gap() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(5000))
    read(chain, source, 0, 20)
    read_end(chain, source)
    assert (chain.size, chain.known, chain.complete) == (5000, 2 * PAGE, False)
    assert shown(chain, 4990, 5000) == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert chain.row(2500) is None
    assert chain.last_page() is None


def test_a_reader_who_goes_up_from_the_end_is_read_to_from_there() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(5000))
    read(chain, source, 0, 20)
    read_end(chain, source)
    fetch = chain.wanted(4850, 4880)
    assert fetch is not None
    assert fetch.from_end
    read(chain, source, 4850, 4880)
    assert shown(chain, 4850, 4880) == source.rows[4850:4880]


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("upwards", [True, False])
def test_what_was_read_from_both_ends_meets_without_a_row_twice_or_none(counted: bool, upwards: bool) -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(1234), counted=counted)
    read(chain, source, 0, 20)
    read_end(chain, source)
    while not chain.complete:
        at = chain.size - chain.tail.known - 2 if upwards else chain.head.known
        fetch = chain.wanted(at, at)
        assert fetch is not None
        assert chain.put(fetch, source.of(fetch))
    assert shown(chain, 0, chain.size) == source.rows
    assert chain.size == len(source.rows)
    assert chain.wanted(0, 1233) is None


def test_the_ends_meet_where_the_rows_between_them_have_gone() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(1000))
    read(chain, source, 0, 20)
    read_end(chain, source)
    source.rows = [row for row in source.rows if row >= 880 or row < 90]
    read(chain, source, 0, 999)
    assert chain.complete
    assert chain.size == 120 + 90
    assert [row for row in shown(chain, 0, chain.size) if row not in source.rows] == []


def test_what_is_new_after_the_last_row_comes_in_there() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(100, 400))
    read(chain, source, 0, 299)
    assert chain.complete
    source.rows = [*source.rows, *range(99, 89, -1)]
    renew(chain, source, 280, 299, follow=False)
    read(chain, source, 280, 320)
    assert shown(chain, 0, chain.size) == source.rows
    assert chain.arrived == 0


def test_rows_at_the_end_are_kept_fresh_from_the_end() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(5000))
    read(chain, source, 0, 20)
    read_end(chain, source)
    source.rows = [row for row in source.rows if row != 5]
    renew(chain, source, 4980, 4999, follow=False)
    assert chain.size == 4999
    assert shown(chain, 4993, 4999) == [6, 4, 3, 2, 1, 0]


def test_a_leap_reads_a_thousand_rows_at_once() -> None:
    chain: Chain[str] = Chain(str)
    read(chain, Source(range(5000)), 0, 20)
    fetch = chain.wanted(4999, 4999, leap=True)
    assert fetch is not None
    assert fetch.limit == LEAP


def test_new_rows_are_counted_and_nothing_moves_while_the_reader_is_not_on_top() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(500))
    read(chain, source, 0, 150)
    before = shown(chain, 0, 150)
    source.rows = [502, 501, 500, *source.rows]
    renew(chain, source, 0, 20, follow=False)
    assert chain.arrived == 3
    assert shown(chain, 0, 150) == before


def test_a_reader_on_top_follows_the_newest() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(500))
    read(chain, source, 0, 20)
    source.rows = [501, 500, *source.rows]
    renew(chain, source, 0, 20, follow=True)
    assert shown(chain, 0, 3) == [501, 500, 499]


def test_of_a_top_that_begins_anew_what_has_gone_is_told_apart_from_what_was_pushed_down() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(500))
    read(chain, source, 0, 20)
    source.rows = [*range(600, 570, -1), *(row for row in source.rows if row != 499)]
    renew(chain, source, 0, 20, follow=True)
    assert chain.vanished == {"499"}
    source.rows = [*range(999, 799, -1), *source.rows]
    renew(chain, source, 0, 20, follow=True)
    assert chain.row(0) == "999"
    assert not chain.vanished


def test_vanished_rows_go_and_the_rest_is_still_whole() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(300))
    read(chain, source, 0, 150)
    source.rows = [row for row in source.rows if row % 10]
    renew(chain, source, 0, 150, follow=False)
    read(chain, source, 0, 299)
    assert shown(chain, 0, 300) == source.rows
    assert chain.arrived == 0


def test_an_answer_for_a_list_that_is_gone_is_not_taken() -> None:
    chain: Chain[str] = Chain(str)
    source = Source(range(300))
    fetch = chain.wanted(0, 10)
    assert fetch is not None
    chain.restart()
    assert not chain.put(fetch, source.page(None, PAGE))


def test_a_count_that_stopped_early_is_no_less_than_what_was_read_and_right_once_all_was() -> None:
    chain: Chain[str] = Chain(str)
    pages = [Page(["9"], NOW, "a", 0, False), Page(["8", "7"], NOW, "b", 0, False), Page(["6"], NOW, None, 0, False)]
    chain.put(Fetch(chain.generation, 0, None, PAGE), pages[0])
    assert (chain.total, chain.total_is_exact) == (1, False)
    for index, (page, cursor) in enumerate(zip(pages[1:], ("a", "b"), strict=True), 1):
        chain.put(Fetch(chain.generation, index, cursor, PAGE), page)
    assert (chain.total, chain.total_is_exact) == (4, True)
    chain.renew([(Fetch(chain.generation, 0, None, PAGE), pages[0])], follow=False)
    assert (chain.total, chain.total_is_exact) == (4, True)
