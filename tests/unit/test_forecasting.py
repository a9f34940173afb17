"""What a run will take, foretold."""

import pytest

from graveshift.drip import DripSettings


def test_without_a_ramp_it_is_the_count_over_the_rate() -> None:
    assert DripSettings(start_per_s=50).seconds(1_000, 50) == 20


@pytest.mark.parametrize("n", [1, 7, 100, 10_000])
def test_with_a_ramp_it_is_what_adding_up_small_steps_gives(n: int) -> None:
    rate, start, double_s, step = 64.0, 1.0, 3.0, 0.001
    moved, at = 0.0, 0.0
    while moved < n:
        moved += min(rate, start * 2 ** (at / double_s)) * step
        at += step
    assert DripSettings(start_per_s=start, double_s=double_s).seconds(n, rate) == pytest.approx(at, rel=0.01)


def test_half_way_up_the_ramp_the_rest_of_it_counts() -> None:
    drip = DripSettings(start_per_s=10, double_s=2)
    assert drip.seconds(10_000, 500, 500) == 20
    assert 20 < drip.seconds(10_000, 500, 250) < drip.seconds(10_000, 500)
