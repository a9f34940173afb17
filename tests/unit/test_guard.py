"""When a run slows itself down, recovers, and stops: by the thresholds, with patience, and never to and fro."""

import pytest
from msgspec import ValidationError, convert

from graveshift.drip import DripSettings, guarded
from graveshift.runner.guard import Asked, Change, Filled, Guard, Seen
from graveshift.trial import Firsts
from graveshift.wire.trials import Guard as Own

DRIP = DripSettings()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def judged(seen: Seen, *, drip: DripSettings = DRIP, rate: float | None = 50, slowed: float | None = None) -> str:
    change = Guard(drip, Clock()).judge(seen, rate, slowed)
    return change.why if change else ""


def test_too_few_first_attempts_say_nothing() -> None:
    assert judged(Seen(Firsts(19, 19))) == ""


def test_a_tenth_of_failures_halves_the_rate() -> None:
    assert judged(Seen(Firsts(200, 19))) == ""
    assert judged(Seen(Firsts(200, 20))) == "slowed by itself to 25/s: 10% of 200 first attempts failed"


def test_a_third_of_failures_pauses_the_run_and_says_so() -> None:
    assert judged(Seen(Firsts(200, 68))) == "paused by itself: 34% of 200 first attempts failed"


def test_a_run_without_a_rate_is_not_slowed_down_but_stopped() -> None:
    assert judged(Seen(Firsts(200, 20)), rate=None) == ""
    assert judged(Seen(Firsts(200, 60)), rate=None) == "paused by itself: 30% of 200 first attempts failed"


def test_after_a_change_it_waits_and_looks_at_what_came_since() -> None:
    clock = Clock()
    guard = Guard(DRIP, clock)
    bad = Seen(Firsts(200, 20))
    first = guard.judge(bad, 50, None)
    assert first == Change(25, "slowed by itself to 25/s: 10% of 200 first attempts failed")
    assert guard.since == clock.now
    clock.now += DRIP.settle_s - 1
    assert guard.judge(bad, 50, 25) is None
    clock.now += 1
    second = guard.judge(bad, 50, 25)
    assert second is not None
    assert second.slowed == 12.5


def test_a_stop_does_not_wait() -> None:
    guard = Guard(DRIP, Clock())
    guard.judge(Seen(Firsts(200, 20)), 50, None)
    stop = guard.judge(Seen(Firsts(20, 20)), 50, 25)
    assert stop is not None
    assert stop.halt


def test_it_recovers_only_when_it_is_clearly_calm() -> None:
    assert judged(Seen(Firsts(200, 11)), slowed=12.5) == ""
    assert judged(Seen(Firsts(19, 0)), slowed=12.5) == ""
    assert judged(Seen(Firsts(200, 10)), slowed=12.5) == "back to 25/s by itself"
    assert judged(Seen(Firsts(0, 0)), slowed=25) == "back to 50/s by itself"
    calm = Guard(DRIP, Clock()).judge(Seen(), 50, 25)
    assert calm is not None
    assert calm.slowed is None


def test_an_old_job_counts_where_it_grew_older_than_it_was() -> None:
    assert judged(Seen(filled=[Filled("mail", 61, 0, 61, 0)])) == ""
    assert "oldest job of queue mail waits for 61 s" in judged(Seen(filled=[Filled("mail", 61, 0, 5, 0)]))
    assert judged(Seen(filled=[Filled("mail", 900, 0, 5, 0)])).startswith("paused by itself")


def test_depth_counts_by_how_much_a_queue_grew() -> None:
    drip = guarded(DRIP, Own(slow_depth=100, stop_depth=1000))
    assert judged(Seen(filled=[Filled("mail", 0, 5099, 0, 5000)]), drip=drip) == ""
    assert "queue mail grew by 100 jobs" in judged(Seen(filled=[Filled("mail", 0, 5100, 0, 5000)]), drip=drip)
    assert judged(Seen(filled=[Filled("mail", 0, 6000, 0, 5000)]), drip=drip).startswith("paused by itself")


def test_one_bad_probe_slows_and_some_in_a_row_stop() -> None:
    assert judged(Seen(probe=Asked("bank", 0, 3))) == ""
    assert "slowed by itself" in judged(Seen(probe=Asked("bank", 1, 3, "answered 503, not 200")))
    assert judged(Seen(probe=Asked("bank", 3, 3, "no answer in 2 s"))) == (
        "paused by itself: probe bank failed 3 times in a row: no answer in 2 s"
    )


@pytest.mark.parametrize(
    ("thresholds", "said"),
    [
        ({"slow_ratio": 0.5, "stop_ratio": 0.1}, "slow_ratio 0.5 is above stop_ratio 0.1"),
        ({"slow_age_s": 120.0, "stop_age_s": 60.0}, "slow_age_s 120 is above stop_age_s 60"),
        ({"slow_depth": 500, "stop_depth": 50}, "slow_depth 500 is above stop_depth 50"),
    ],
)
def test_a_run_that_would_stop_before_it_slows_is_refused_as_a_setting_is(
    thresholds: dict[str, float], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        convert(thresholds, Own)
    with pytest.raises(ValidationError, match=said):
        convert(thresholds, DripSettings)


def test_a_stop_of_its_own_pulls_the_configured_slowing_down_to_itself_and_never_the_other_way_round() -> None:
    assert guarded(DRIP, Own(stop_ratio=0.05)).slow_ratio == 0.05
    assert guarded(DRIP, Own(stop_age_s=30)).slow_age_s == 30
    assert guarded(DRIP, Own(stop_ratio=0.2)).slow_ratio == 0.1
    assert guarded(DRIP, Own(slow_ratio=0.5, stop_ratio="off")).slow_ratio == 0.5
    with pytest.raises(ValueError, match=r"slow_ratio 0\.5 is above the configured stop_ratio 0\.3"):
        guarded(DRIP, Own(slow_ratio=0.5))


def test_what_is_off_is_never_reached() -> None:
    drip = guarded(DRIP, Own(slow_ratio="off", stop_ratio="off", slow_age_s="off", stop_age_s="off"))
    assert judged(Seen(Firsts(200, 200), [Filled("mail", 5000, 0, 0, 0)]), drip=drip) == ""


def test_a_slow_run_is_not_halved_for_ever() -> None:
    assert judged(Seen(Firsts(200, 20)), rate=0.01) == ""
    assert judged(Seen(Firsts(200, 20)), slowed=1.0) == ""
    assert judged(Seen(Firsts(200, 20)), slowed=1.5).startswith("slowed by itself to 1/s")
