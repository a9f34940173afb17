"""The first word on the screen is the slope of failures; where it is level, how many dead letters wait."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from graveshift.wire.groups import Group
from graveshift.wire.overview import Environment, Overview, Totals
from graveshift_tui.keymap import load
from graveshift_tui.screens.headline import ceased, headline, next_step
from graveshift_tui.screens.lately import Lately
from graveshift_tui.screens.slope import slope

MINUTE = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "trend", "word"),
    [
        (900.0, [3] * 27 + [400, 800, 900], "WORSE"),
        (900.0, [3] * 9 + [900] * 51, "WORSE"),
        (900.0, [3] * 59 + [300], "WORSE"),
        (900.0, [900] * 60, "STEADY"),
        (20.0, [900] * 27 + [100, 40, 20], "BETTER"),
        (20.0, [3] * 20 + [900] * 37 + [100, 40, 20], "BETTER"),
        (0.0, [900] * 10 + [0] * 50, "QUIET"),
        (3.0, [3] * 30 + [900] + [3] * 29, "STEADY"),
        (0.0, [0] * 60, "QUIET"),
        (0.0, [], "QUIET"),
    ],
)
def test_the_word_is_about_the_slope(now: float, trend: list[int], word: str) -> None:
    assert slope(now, trend, MINUTE).word == word


def test_it_says_until_when_it_was_as_before() -> None:
    told = slope(900.0, [3] * 39 + [900] * 21, MINUTE)
    assert (told.was, f"{told.since:%H:%M}") == (3.0, "02:52")


NIGHTS = {
    "a jump": [330 + n % 7 for n in range(60)] + [9000] + [13_000 + 900 * (n % 3) for n in range(50)],
    "a climb": [3] * 60 + [int(900 * min(1.0, (n + 1) / 8)) for n in range(50)],
    "in bursts": [3, 1, 4, 0, 2] * 12 + [700, 1500, 1100, 2100, 900] * 10,
}


@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
def test_the_same_worsening_keeps_its_beginning_as_long_as_its_hour_is_known(night: list[int]) -> None:
    said = set()
    for n in range(61, 111):
        for part in (0.0, 0.1, 0.5, 0.9):  # of the minute that runs, at the pace of the last sixty seconds
            now = night[n - 1] * (1 - part) + night[n] * part if n < len(night) else float(night[-1])
            trend = [*night[n - 59 : n], int(night[min(n, len(night) - 1)] * part)]
            told = slope(now, trend, MINUTE + timedelta(minutes=n))
            said.add((told.word, told.since))
    assert {word for word, _ in said} == {"WORSE"}
    (since,) = {since for _, since in said}
    assert since is not None
    assert timedelta(minutes=60) <= since - MINUTE <= timedelta(minutes=61)


def test_what_has_stopped_says_so_long_before_its_minute_is_over() -> None:
    now = MINUTE + timedelta(seconds=50)
    assert _said(_seen(now, last=now - timedelta(seconds=3))).startswith(
        " WORSE  13.9k failures/min, was 3 until 02:52"
    )
    assert _said(_seen(now, last=now - timedelta(seconds=22))).startswith(" BETTER  no failure for 20s, was 12.5k/min")


def test_the_pace_of_the_last_seconds_is_told_where_it_is_quite_another() -> None:
    now = MINUTE + timedelta(seconds=50)
    seen = _seen(now, last=now - timedelta(seconds=1))
    assert _said(seen, 400.0).startswith(" BETTER  400 failures/min now, was 12.5k until 03:12")
    assert _said(seen, 9000.0).startswith(" WORSE  13.9k failures/min, was 3 until 02:52")
    assert _said(_seen(now, last=now, pace=3.0), 4.0).startswith(" BETTER  3 failures/min, was 12.5k")


def test_the_last_seconds_are_counted_over_the_turn_of_a_minute() -> None:
    lately, start = Lately(), _seen(MINUTE + timedelta(seconds=55), MINUTE)
    assert lately.take(start) is None
    trend = [*start.totals.trend[1:-1], 9040, 60]
    totals = structs.replace(start.totals, trend=trend, minute=MINUTE + timedelta(minutes=1))
    later = structs.replace(start, as_of=start.as_of + timedelta(seconds=10), totals=totals)
    assert lately.take(later) == 600.0
    assert lately.take(start) is None, "another backend's clock may be behind"


def test_a_cause_that_is_not_shown_may_be_the_one_that_still_fails() -> None:
    now = MINUTE + timedelta(seconds=50)
    seen = _seen(now, last=now - timedelta(seconds=22))
    many = structs.replace(seen, totals=structs.replace(seen.totals, groups=9))
    assert _said(many).startswith(" WORSE  13.9k failures/min")


def _seen(now: datetime, last: datetime, pace: float = 13_912.0) -> Overview:
    cause = Group(id="g", fingerprint="f", system="native", queue="mail", kind="send", error_type="E", message="m",
                  dead=9, retrying=0, per_min=13_912.0, first_seen=now - timedelta(days=4), last_seen=last)  # fmt: skip
    totals = Totals(waiting=0, retrying=0, scheduled=0, running=0, dead=9, groups=1, in_per_s=0.0, out_per_s=0.0,
                    dead_per_min=0.0, failing_per_min=pace, trend=[3] * 39 + [12_500] * 20 + [9000],
                    minute=MINUTE)  # fmt: skip
    return Overview(now, Environment("DEMO", "here", "amber", "1"), "ann", "admin", totals, [], [cause], [], [], [], [])


def _said(seen: Overview, lately: float | None = None) -> str:
    return "".join(text for text, _ in headline(seen, 80, lately))


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
    assert quiet.startswith(" 9 DEAD WAIT  nothing enqueued for 4m   0 failures/min, was 429 until 03:08")
    assert len(quiet) <= 80
    assert _line([1200] * 30).startswith(" BETTER  0 failures/min, was 429")
    assert "9 dead wait" in _line([1200] * 30)


def _calm(dead: tuple[int, ...], trend: list[int] | None = None, pace: float = 0.0, width: int = 80) -> str:
    """So many dead of each cause: the first was first seen 21 minutes ago, the others a day before one another."""
    now = MINUTE + timedelta(seconds=40)
    first = [now - timedelta(minutes=21, days=n) for n in range(len(dead))]
    causes = [structs.replace(_seen(now, now).groups[0], id=str(n), dead=many, per_min=0.0, first_seen=at)
              for n, (many, at) in enumerate(zip(dead, first, strict=True))]  # fmt: skip
    seen = _seen(now, now, pace)
    totals = structs.replace(seen.totals, dead=sum(dead), trend=trend or [0] * 60)
    calm = structs.replace(seen, totals=totals, groups=causes)
    return "".join(text for text, _ in headline(calm, width))


def test_where_nothing_fails_any_more_the_dead_that_wait_are_the_first_words() -> None:
    assert _calm((52_000, 5_000)).startswith(" 57,000 DEAD WAIT  most since 02:51   0 failures/min now   nobody on it")
    assert _calm((52_000,)).startswith(" 52,000 DEAD WAIT  since 02:51   0 failures/min now")
    assert _calm((20, 30, 30)).startswith(" 80 DEAD WAIT  most since 20 Nov   0 failures/min now")
    assert "1 cause = 91%   nobody on it" in _calm((52_000, 5_000), width=100)
    assert _calm(()).startswith(" QUIET  0 failures/min   0 deaths/min")


def test_a_slope_that_is_no_worse_is_told_with_the_dead_that_wait() -> None:
    assert _calm((57_000,), [12] * 60, 12.0).startswith(" STEADY  12 failures/min   57,000 dead wait")
    better = _calm((57_000,), [900] * 55 + [0] * 5)
    assert better.startswith(" BETTER  0 failures/min, was 900 until 03:08   57,000 dead wait")
    assert len(better) <= 80


def test_all_is_well_only_where_no_dead_letter_waits() -> None:
    now = MINUTE + timedelta(seconds=40)
    better = _seen(now, now, 0.0)
    better = structs.replace(better, totals=structs.replace(better.totals, trend=[900] * 55 + [0] * 5))
    none = structs.replace(better, totals=structs.replace(better.totals, dead=0))
    assert (headline(better, 80)[0], headline(none, 80)[0]) == ((" BETTER ", "bold warn"), (" BETTER ", "bold ok"))


def test_what_nobody_has_tried_is_to_be_tried_first_however_calm_it_is() -> None:
    now = MINUTE + timedelta(seconds=40)
    seen = _seen(now, now, 0.0)
    calm = structs.replace(seen, groups=[structs.replace(seen.groups[0], per_min=0.0)])
    said = "".join(text for text, _ in next_step(calm, load(), 80, (calm.groups[0],)))
    assert "c try a few of them first" in said
    assert "requeue" not in said
