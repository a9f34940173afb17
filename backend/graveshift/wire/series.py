"""Series: one number over time."""

from datetime import datetime

from msgspec import Struct


class Point(Struct, frozen=True):
    """`value` is None in a gap; gaps are never bridged."""

    at: datetime
    value: float | None


class Series(Struct, frozen=True):
    """`source` is where the points came from: `samples` (our own) or `prometheus`; `step_s` is seconds between them."""

    name: str
    queue: str | None
    source: str
    step_s: float
    points: list[Point]
