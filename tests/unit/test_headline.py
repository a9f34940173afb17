"""The first word on the screen is the slope of failures, not their number."""

from datetime import UTC, datetime

import pytest

from graveshift_tui.screens.headline import until, verdict


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
