"""A plan says at what its run slows itself down and stops: by the settings, or by thresholds of the run's own."""

import pytest

from graveshift.drip import DripSettings, ProbeSettings, guarded
from graveshift.driver import Count
from graveshift.operation import Care
from graveshift.selection.braking import brakes
from graveshift.wire.plans import Forecast
from graveshift.wire.trials import Guard, Then

DRIP = DripSettings()
PROBES = {"partner": ProbeSettings(host="partner", port=443, failures=5)}
OFF = Guard(slow_ratio="off", stop_ratio="off", slow_age_s="off", stop_age_s="off")


async def nothing(_: int) -> list[str]:
    return []


def said(guard: Guard | None = None, *, rate: float | None = 50, n: int = 4112, seconds: float | None = 82) -> str:
    care = Care(guarded(DRIP, guard), None, Then.ASK, nothing)
    return brakes(care, Forecast(rate=rate, duration_s=seconds), Count(n, True), PROBES)


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        (None, "10% failed first attempts or 1m wait slow it, 30% or 15m stop it"),
        (
            Guard(slow_ratio=0.2, stop_ratio=0.5, slow_age_s="off", stop_age_s="off"),
            "20% failed first attempts slow it, 50% stop it",
        ),
        (
            Guard(slow_ratio="off", stop_ratio=0.075, slow_age_s=90, stop_age_s="off"),
            "90s wait slow it, 7.5% failed first attempts stop it",
        ),
        (Guard(stop_ratio="off", slow_age_s="off", stop_age_s="off"),
         "10% failed first attempts slow it, nothing stops it by itself"),
        (
            Guard(slow_ratio="off", stop_ratio="off", slow_age_s="off", stop_age_s="off", stop_depth=20_000,
                  probe="partner"),
            "a failing probe partner slow it, 20,000 jobs more or 5 in a row stop it",
        ),
        (OFF, "nothing stops it by itself"),
    ],
)  # fmt: skip
def test_it_says_what_the_settings_and_the_runs_own_thresholds_truly_do(guard: Guard | None, words: str) -> None:
    assert said(guard) == words


def test_a_run_without_a_rate_is_only_stopped() -> None:
    assert said(rate=None, seconds=None) == "30% failed first attempts or 15m wait stop it"
    assert "probe partner failing 5 in a row" in said(Guard(probe="partner"), rate=None, seconds=None)


def test_a_few_letters_are_over_before_anything_could_be_seen_of_them() -> None:
    assert said(n=5, seconds=0.1) == said(n=5, rate=None, seconds=None) == ""
    assert said(n=5, rate=0.1, seconds=50) != ""
    assert said(n=20, seconds=0.4) != ""
