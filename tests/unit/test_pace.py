"""A run begins with one, then ten, then goes steadily; what it did not use it does not catch up on."""

from hypothesis import given
from hypothesis import strategies as st

from graveshift.runner.pace import Pace

RATES = st.floats(min_value=0.001, max_value=1e6)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_canary_then_ten_then_a_quarter_second() -> None:
    pace = Pace(1000, Clock())
    assert [pace.size(400, handled) for handled in (0, 1, 5, 11, 5000)] == [1, 10, 6, 100, 100]


def test_unlimited_has_no_canary_and_no_wait() -> None:
    pace = Pace(1000, Clock())
    pace.spent(1000)
    assert (pace.size(None, 0), pace.wait_s(None)) == (1000, 0.0)


def test_a_slow_rate_still_moves_one_at_a_time() -> None:
    assert Pace(1000, Clock()).size(0.01, 500) == 1


def test_a_new_rate_counts_from_the_last_chunk() -> None:
    clock = Clock()
    pace = Pace(1000, clock)
    pace.spent(10)
    clock.now += 1
    assert (pace.wait_s(1), pace.wait_s(5), pace.wait_s(100)) == (9.0, 1.0, 0.0)


@given(rate=RATES, start=st.integers(0, 50), seconds=st.floats(min_value=2, max_value=60))
def test_never_more_than_the_rate_allows(rate: float, start: int, seconds: float) -> None:
    clock, sent = Clock(), 0
    pace, began = Pace(1000, clock), clock.now
    while sent < 2000:
        clock.now += pace.wait_s(rate)
        if clock.now > began + seconds:
            break
        size = pace.size(rate, start + sent)
        assert 1 <= size <= 1000
        pace.spent(size)
        sent += size
    assert sent <= rate * (clock.now - began) + max(10, rate * 0.25 + 1)
