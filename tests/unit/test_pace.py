"""A run begins slowly and doubles until its rate is reached; what it did not use it does not catch up on."""

from hypothesis import given
from hypothesis import strategies as st

from graveshift.runner.pace import Pace

RATES = st.floats(min_value=0.001, max_value=1e6)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def paced(clock: Clock | None = None) -> Pace:
    return Pace(1000, clock or Clock(), start=10, double_s=2)


def test_it_doubles_from_the_start_until_the_rate_is_reached() -> None:
    clock = Clock()
    pace, rates = paced(clock), []
    for _ in range(5):
        rates.append(pace.rate(50))
        clock.now += 2
    assert rates == [10, 20, 40, 50, 50]


def test_a_rate_below_the_start_needs_no_ramp_and_unlimited_has_none() -> None:
    assert (paced().rate(1), paced().rate(None)) == (1, None)


def test_a_rate_that_is_changed_holds_at_once() -> None:
    pace = paced()
    assert (pace.rate(500), pace.rate(5000), pace.rate(500)) == (10, 5000, 500)


def test_what_went_before_is_no_part_of_the_ramp() -> None:
    clock = Clock()
    pace = paced(clock)
    clock.now += 60
    pace.begin()
    assert pace.rate(50) == 10


def test_a_chunk_is_a_quarter_second_of_the_rate() -> None:
    assert [paced().size(rate) for rate in (400, 5000, 0.01, None)] == [100, 1000, 1, 1000]


def test_unlimited_has_no_wait() -> None:
    pace = paced()
    pace.spent(1000)
    assert pace.wait_s(None) == 0.0


def test_a_new_rate_counts_from_the_last_chunk() -> None:
    clock = Clock()
    pace = paced(clock)
    pace.spent(10)
    clock.now += 1
    assert (pace.wait_s(1), pace.wait_s(5), pace.wait_s(100)) == (9.0, 1.0, 0.0)


def test_the_time_that_a_chunk_takes_is_part_of_its_turn() -> None:
    clock = Clock()
    pace = paced(clock)
    pace.turn()
    clock.now += 0.125
    pace.spent(125)
    assert pace.wait_s(500) == 0.125


def test_a_chunk_that_took_too_long_is_not_caught_up_on() -> None:
    clock = Clock()
    pace = paced(clock)
    pace.turn()
    clock.now += 60
    pace.spent(125)
    assert pace.wait_s(500) == 0
    pace.turn()
    pace.spent(125)
    assert pace.wait_s(500) == 0.25


@given(rate=RATES, seconds=st.floats(min_value=2, max_value=60))
def test_never_more_than_the_rate_allows(rate: float, seconds: float) -> None:
    clock, sent = Clock(), 0
    pace, began = paced(clock), clock.now
    while sent < 2000:
        clock.now += pace.wait_s(pace.rate(rate))
        if clock.now > began + seconds:
            break
        pace.turn()
        size = pace.size(pace.rate(rate))
        assert 1 <= size <= 1000
        pace.spent(size)
        sent += size
    assert sent <= rate * (clock.now - began) + rate * 0.25 + 1
