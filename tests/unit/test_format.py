"""What the screen says about numbers is short and true."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from graveshift_tui import format as f

NOW = datetime(2026, 11, 22, 3, 12, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "·"),
        (2, "2s"),
        (852, "14m12s"),
        (2520, "42m"),
        (7560, "2h06m"),
        (7200, "2h"),
        (5 * 86400, "5d"),
        (-3, "0s"),
    ],
)
def test_an_age_has_two_parts_at_most(seconds: float | None, shown: str) -> None:
    assert f.age(seconds) == shown


def test_today_is_a_time_and_older_is_an_age() -> None:
    assert f.since(NOW - timedelta(minutes=21, seconds=41), NOW) == "02:51"
    assert f.since(NOW - timedelta(days=5), NOW) == "5d"


def test_a_count_that_stopped_says_so() -> None:
    assert f.total(10_000, exact=False) == "10,000+"
    assert f.things(1, "letter") == "1 letter"
    assert f.things(10_000, "letter", exact=False) == "10,000+ letters"


def test_what_cannot_be_said_is_never_a_zero() -> None:
    assert {f.count(None), f.rate(None), f.age(None), f.size(None), f.moment(None), f.share(1, None)} == {"·"}


@pytest.mark.parametrize(
    ("per_s", "shown"),
    [(0.01, "0.01"), (0.04, "0.04"), (0.123, "0.12"), (0.5, "0.5"), (1.25, "1.25"), (500, "500"), (50_000, "50,000"),
     (1_000_000, "1,000,000")],
)  # fmt: skip
def test_a_rate_that_was_set_is_never_shown_as_none_and_not_rounded(per_s: float, shown: str) -> None:
    assert f.speed(per_s) == shown
    assert f.drip(None, per_s) == f"{shown}/s"


def test_what_is_measured_has_two_digits_below_one_and_is_rounded_above() -> None:
    assert [f.rate(value) for value in (0, 0.004, 0.04, 0.42, 4.21, 13_940)] == [
        "0",
        "0",
        "0.04",
        "0.42",
        "4.2",
        "13.9k",
    ]
    assert f.drip(0.04, 0.08) == "0.04 → 0.08/s"


def test_a_trend_rises_with_its_values_and_shows_nothing_as_the_lowest_block() -> None:
    assert f.spark([0, 1, 2, 4], 10) == "▁▃▅█"
    assert f.spark([0, 0], 10) == "▁▁"
    assert len(f.spark(list(range(60)), 10)) == 10


def test_a_share_is_whole_only_when_it_is() -> None:
    assert f.share(999, 1000) == "99%"
    assert f.share(1000, 1000) == "100%"


@pytest.mark.parametrize("text", ["short", "a much longer text than fits", "東京都庁舎の展望台", "\x1b[2Jx\x00"])
@pytest.mark.parametrize("width", [1, 2, 7, 12])
def test_a_cell_is_exactly_as_wide_as_its_column(text: str, width: int) -> None:
    shown = f.fit(text, width)
    assert cell_len(shown) == width
    assert shown.isprintable()
