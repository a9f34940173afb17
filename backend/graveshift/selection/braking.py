"""At what a requeue slows itself down and stops, said in its plan before anybody says yes to it."""

from collections.abc import Mapping

from graveshift.drip import DripSettings, ProbeSettings
from graveshift.driver import Count
from graveshift.operation import Care
from graveshift.selection.wording import lasting
from graveshift.wire.plans import Forecast

# A run is looked at once a second: what ends before that is never judged.
LOOK_S = 1.0


def brakes(care: Care, told: Forecast, count: Count, probes: Mapping[str, ProbeSettings]) -> str:
    """`10% failed first attempts or 1m wait slow it, 30% or 15m stop it`: so short that a question has a line for it.

    Empty where so few letters are over before anything can be seen of them. Without a rate it is only stopped.
    """
    if count.exact and count.n < care.drip.minimum and (told.duration_s or 0) < LOOK_S:
        return ""
    known = _thresholds(care.drip, probes)
    slows = [slow for slow, _, _ in known if slow and told.rate is not None]
    stops = [short if slow in slows else whole for slow, whole, short in known if whole]
    slowing = f"{_or(slows)} slow it" if slows else ""
    stopping = f"{_or(stops)} stop it" if stops else "nothing stops it by itself"
    return f"{slowing}, {stopping}" if slows else stopping


def _thresholds(drip: DripSettings, probes: Mapping[str, ProbeSettings]) -> list[tuple[str, str, str]]:
    """Of each: what slows it down, what stops it, and that in short; empty where it is never reached."""
    kinds = (
        ("{} failed first attempts", _percent(drip.slow_ratio), _percent(drip.stop_ratio)),
        ("{} wait", _span(drip.slow_age_s), _span(drip.stop_age_s)),
        ("{} jobs more", _many(drip.slow_depth), _many(drip.stop_depth)),
    )
    said = [(slow and words.format(slow), stop and words.format(stop), stop) for words, slow, stop in kinds]
    if drip.probe is None:
        return said
    short = f"{probes[drip.probe].failures} in a row"
    return [*said, (f"a failing probe {drip.probe}", f"probe {drip.probe} failing {short}", short)]


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _percent(part: float | None) -> str:
    return "" if part is None else f"{100 * part:g}%"


def _span(seconds: float | None) -> str:
    return "" if seconds is None else lasting(seconds)


def _many(n: int | None) -> str:
    return "" if n is None else f"{n:,}"
