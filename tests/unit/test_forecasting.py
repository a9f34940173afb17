"""What a run will take, foretold."""

import pytest

from graveshift.selection.forecasting import seconds


def test_without_a_ramp_it_is_the_count_over_the_rate() -> None:
    assert seconds(1_000, 50, 50, 10) == 20


@pytest.mark.parametrize("n", [1, 7, 100, 10_000])
def test_with_a_ramp_it_is_what_adding_up_small_steps_gives(n: int) -> None:
    rate, start, double_s, step = 64.0, 1.0, 3.0, 0.001
    moved, at = 0.0, 0.0
    while moved < n:
        moved += min(rate, start * 2 ** (at / double_s)) * step
        at += step
    assert seconds(n, rate, start, double_s) == pytest.approx(at, rel=0.01)
