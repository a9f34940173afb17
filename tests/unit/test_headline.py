"""The first word on the screen is the slope of failures, not their number."""

from datetime import UTC, datetime

import pytest

from graveshift.wire.overview import Environment, Overview, Totals
from graveshift_tui.screens.headline import ceased, headline, until, verdict


@pytest.mark.parametrize(
    ("now", "trend", "word"),
    [
        (900.0, [3] * 27 + [400, 800, 900], "WORSE"),
        (900.0, [3] * 9 + [900] * 21, "WORSE"),
        (900.0, [900] * 30, "STEADY"),
        (20.0, [900] * 27 + [100, 40, 20], "BETTER"),
        (0.0, [0] * 30, "QUIET"),
        (0.0, [], "QUIET"),
    ],
)
def test_the_word_is_about_the_slope(now: float, trend: list[int], word: str) -> None:
    assert verdict(now, trend)[0] == word


def test_it_says_until_when_it_was_as_before() -> None:
    at = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
    assert until(3.0, [3] * 9 + [900] * 21, at) == " until 02:51"


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ([1200] * 27 + [700, 0, 0], "nothing enqueued for 1m"),
        ([1200] * 10 + [1] * 20, "hardly anything enqueued for 19m"),
        ([1200] * 30, ""),
        ([1200] * 29 + [0], ""),
        ([0] * 20 + [9000] + [0] * 9, ""),
        ([20] * 15 + [9000] + [20] * 14, ""),
        ([1] * 25 + [0] * 5, ""),
        ([], ""),
    ],
)
def test_traffic_that_ceased_is_said(came: list[int], said: str) -> None:
    assert ceased(came) == said


def _line(came: list[int], width: int = 80) -> str:
    totals = Totals(waiting=0, retrying=0, scheduled=0, running=0, dead=9, groups=1, in_per_s=0.0, out_per_s=0.0,
                    dead_per_min=0.0, failing_per_min=0.0, trend=[429] * 25 + [0] * 5, in_trend=came)  # fmt: skip
    at = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
    where = Environment("DEMO", "here", "amber", "0.1.0")
    return "".join(
        text for text, _ in headline(Overview(at, where, "ann", "admin", totals, [], [], [], [], [], []), width)
    )


def test_fewer_failures_are_no_betterment_where_nothing_comes_in() -> None:
    quiet = _line([1200] * 25 + [0] * 5)
    assert quiet.startswith(" QUIET  nothing enqueued for 4m   0 failures/min, was 343 until 03:07")
    assert len(quiet) <= 80
    assert _line([1200] * 30).startswith(" BETTER  0 failures/min, was 343")
