"""How a run tries before it goes on: its canary, and the thresholds that slow it down or stop it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

MOST_CANARIES = 1000
Canaries = Annotated[int, Meta(ge=1, le=MOST_CANARIES)]
Ratio = Annotated[float, Meta(gt=0, le=1)]
Secs = Annotated[float, Meta(gt=0, le=86_400)]
Many = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Few = Annotated[int, Meta(ge=1, le=1000)]
PAIRED = ("ratio", "age_s", "depth")
"""Of these there is one threshold that slows a run down and one that stops it."""


class Then(StrEnum):
    """What follows a green canary: the rest, a question, or the end. After a red one `go` asks: it never goes on."""

    GO = "go"
    ASK = "ask"
    STOP = "stop"


class CanaryState(StrEnum):
    """`late`: not every job was settled in time; that is as little a yes as `red` is."""

    TRYING = "trying"
    GREEN = "green"
    RED = "red"
    LATE = "late"


class Canary(Struct, frozen=True, kw_only=True):
    """Of `asked` letters `jobs` were moved, and so many of those are where. `failed`: their first attempt did.

    `gone` were cancelled or recalled before that. It is `late` at `until`, None before any was moved.
    """

    asked: int
    then: Then
    state: CanaryState = CanaryState.TRYING
    jobs: int = 0
    done: int = 0
    failed: int = 0
    running: int = 0
    waiting: int = 0
    gone: int = 0
    until: datetime | None = None


def check_order(thresholds: Mapping[str, object], whose: str = "") -> None:
    """Raises ValueError, which names both, where what stops is lower than what slows down: it would never be slowed.

    `whose` stands before the one that stops, as in `the configured `.
    """
    for what in PAIRED:
        slow, stop = (thresholds[f"{act}_{what}"] for act in ("slow", "stop"))
        if isinstance(slow, int | float) and isinstance(stop, int | float) and slow > stop:
            raise ValueError(
                f"slow_{what} {slow:g} is above {whose}stop_{what} {stop:g}: it would stop before it slows"
            )


class Guard(Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of one run instead of the configured ones: null is as configured, `off` is never.

    A canary is red at `canary_red` failures and late after `canary_s` seconds. `slow_ratio` and `stop_ratio` are of
    failed first attempts among the last `window` that ended in `window_s` seconds, `minimum` at least; the ages are of
    the oldest job of a queue that it fills, the depths how much such a queue grew. `probe` is the name of one.
    What slows is never above what stops; a stop that is given alone pulls the configured one down to itself.
    Raises ValueError.
    """

    canary_red: Canaries | None = None
    canary_s: Secs | None = None
    window: Few | None = None
    window_s: Secs | None = None
    minimum: Few | None = None
    slow_ratio: Ratio | Literal["off"] | None = None
    stop_ratio: Ratio | Literal["off"] | None = None
    slow_age_s: Secs | Literal["off"] | None = None
    stop_age_s: Secs | Literal["off"] | None = None
    slow_depth: Many | Literal["off"] | None = None
    stop_depth: Many | Literal["off"] | None = None
    settle_s: Secs | None = None
    probe: str | None = None

    def __post_init__(self) -> None:
        """Refuses thresholds of which one would never be reached."""
        check_order(structs.asdict(self))
