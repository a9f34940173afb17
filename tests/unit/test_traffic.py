"""A run sees how much is enqueued beside it."""

import itertools

import pytest

from graveshift.runner.traffic import BUSY_PER_S, Traffic


class System:
    """Has so many jobs at each look."""

    def __init__(self, *counts: int) -> None:
        self._counts = iter(counts)

    async def enqueued(self) -> int:
        return next(self._counts)


@pytest.mark.parametrize(("per_s", "busy"), [(0, False), (BUSY_PER_S - 1, False), (BUSY_PER_S, True)])
async def test_traffic_is_what_came_between_two_looks_of_all_systems(per_s: float, busy: bool) -> None:
    clock = itertools.count(10.0, 2.0)
    traffic, systems = Traffic(lambda: next(clock)), (System(7_000_000, 7_000_000), System(5, 5 + int(2 * per_s)))
    await traffic.look(systems)
    assert not traffic.is_busy, "one look says nothing of a rate"
    await traffic.look(systems)
    assert (traffic.per_s, traffic.is_busy) == (per_s, busy)
