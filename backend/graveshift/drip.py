"""How gently a run begins, what its canary is, when it slows down or stops, and whom that is told: as it is set."""

import math
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, structs

from graveshift.wire.runs import PerSecond
from graveshift.wire.trials import PAIRED, Canaries, Few, Guard, Many, Ratio, Secs, Then, check_order

NAMED = r"[a-z0-9][a-z0-9-]{0,62}"
Port = Annotated[int, Meta(ge=1, le=65535)]


class DripSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A rate is reached from `start_per_s` on by doubling every `double_s`. Null thresholds are never reached.

    The thresholds are those of `graveshift.wire.trials.Guard`; after a change of speed the next waits `settle_s`.
    """

    start_per_s: PerSecond = 10
    double_s: Secs = 2
    canary: Canaries = 20
    canary_then: Then = Then.ASK
    canary_red: Canaries = 1
    canary_s: Secs = 120
    window: Few = 200
    window_s: Secs = 60
    minimum: Few = 20
    slow_ratio: Ratio | None = 0.1
    stop_ratio: Ratio | None = 0.3
    slow_age_s: Secs | None = 60
    stop_age_s: Secs | None = 900
    slow_depth: Many | None = None
    stop_depth: Many | None = None
    settle_s: Secs = 10
    probe: str | None = None

    def __post_init__(self) -> None:
        """Refuses thresholds of which one would never be reached. Raises ValueError."""
        check_order(structs.asdict(self))

    def seconds(self, n: int, rate: float, pace: float | None = None) -> float:
        """How long `n` take that go at `pace` (None: have not begun), which doubles until `rate` is reached."""
        start = pace or self.start_per_s
        if start >= rate:
            return n / rate
        ramped = (rate - start) * self.double_s / math.log(2)
        if n < ramped:
            return self.double_s * math.log2(1 + n * math.log(2) / (start * self.double_s))
        return self.double_s * math.log2(rate / start) + (n - ramped) / rate


class ProbeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A downstream to ask while runs fill it: `url` (http, https) or `host` and `port`. Raises ValueError, key first.

    One answer that is not `status`, or none in `timeout_s`, slows a run; `failures` in a row stop it.
    """

    url: str | None = None
    host: str | None = None
    port: Port | None = None
    status: Annotated[int, Meta(ge=100, le=599)] = 200
    interval_s: Secs = 5
    timeout_s: Secs = 2
    failures: Few = 3

    def __post_init__(self) -> None:
        """Refuses what could not be asked."""
        if (self.url is None) == (self.host is None):
            raise ValueError("url: a probe has either `url` or `host` and `port`")
        if self.url is not None and not _is_http(self.url):
            raise ValueError("url: must begin with http:// or https:// and name a host")
        if self.host is not None and self.port is None:
            raise ValueError("port: must be given with `host`")


class NotifierSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told of a run that stops or slows itself. `kind` log needs nothing, webhook its `url`.

    Raises ValueError, key first.
    """

    kind: Literal["log", "webhook"]
    url: str | None = None
    timeout_s: Secs = 5
    tries: Few = 3

    def __post_init__(self) -> None:
        """Refuses what could not be told."""
        if (self.kind == "webhook") != (self.url is not None):
            raise ValueError("url: a webhook has one, a log has none")
        if self.url is not None and not _is_http(self.url):
            raise ValueError("url: must begin with http:// or https:// and name a host")


def guarded(drip: DripSettings, guard: Guard | None) -> DripSettings:
    """The settings with what a run has of its own; a stop of its own pulls down what slows, where that is configured.

    Raises ValueError where what slows it is above the configured stop.
    """
    own = {name: value for name, value in structs.asdict(guard).items() if value is not None} if guard else {}
    mixed = {**structs.asdict(drip), **{name: None if value == "off" else value for name, value in own.items()}}
    for what in PAIRED:
        slow, stop = mixed[f"slow_{what}"], mixed[f"stop_{what}"]
        if f"slow_{what}" not in own and slow is not None and stop is not None:
            mixed[f"slow_{what}"] = min(slow, stop)
    check_order(mixed, "the configured ")
    return DripSettings(**mixed)


def _is_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
