"""Whose turn it is, counted: shares by weight, strict order, places of one queue, and nothing saved for later."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graveshift.settings import Share, WorkerSettings
from graveshift.worker.turns import Apart, Ask, Together, Turns, turns

SETTINGS = WorkerSettings(batch=10)


class Floor:
    """A worker whose jobs end in the order they came, and queues with so many jobs in them."""

    def __init__(self, places: int, **jobs: int) -> None:
        self.places, self.jobs = places, jobs
        self.running: list[str] = []
        self.started: list[str] = []
        self.asks: list[Ask] = []

    @property
    def room(self) -> int:
        return self.places - len(self.running)

    def busy(self) -> Mapping[str, int]:
        return Counter(self.running)

    def turn(self, who: Turns) -> bool | None:
        """One ask; True where it is time to rest, None where there was nobody to ask."""
        ask = who.next(self)
        if ask is None:
            return None
        self.asks.append(ask)
        (name,) = ask.queues
        found = min(ask.limit, self.jobs[name])
        self.jobs[name] -= found
        self.running += [name] * found
        self.started += [name] * found
        assert len(self.running) <= self.places
        return who.answered(ask, found)

    def fill(self, who: Turns) -> None:
        """Until there is no room or nothing more to be had."""
        while self.room:
            if self.turn(who) is not False:
                return

    def work(self, who: Turns, jobs: int, *, ending: int = 1) -> Counter[str]:
        """Start so many jobs, `ending` of them ending between two rounds."""
        while len(self.started) < jobs:
            self.fill(who)
            del self.running[:ending]
        return Counter(self.started[:jobs])


def shares(**weights: float) -> dict[str, Share]:
    return {name: Share(weight=weight) for name, weight in weights.items()}


@pytest.mark.parametrize("ending", [1, 3, 10])
def test_busy_queues_share_by_weight(ending: int) -> None:
    floor = Floor(10, mail=9999, reports=9999, bulk=9999)
    found = floor.work(Apart(shares(mail=3, reports=1, bulk=6), 10, strict=False), 500, ending=ending)
    assert found["mail"] == pytest.approx(150, abs=10)
    assert found["reports"] == pytest.approx(50, abs=10)
    assert found["bulk"] == pytest.approx(300, abs=10)


@given(st.lists(st.integers(1, 20), min_size=2, max_size=5), st.integers(1, 30), st.integers(1, 10))
def test_no_weights_starve_anybody(weights: list[int], places: int, batch: int) -> None:
    given = {f"q{number}": Share(weight=weight) for number, weight in enumerate(weights)}
    floor = Floor(places, **dict.fromkeys(given, 99_999))
    found = floor.work(Apart(given, batch, strict=False), 1000, ending=max(1, places // 2))
    for name, share in given.items():
        assert found[name] == pytest.approx(1000 * share.weight / sum(weights), abs=2 * places + 2)


def test_one_round_of_an_idle_worker_is_already_shared() -> None:
    floor = Floor(8, mail=99, reports=99)
    floor.fill(Apart(shares(mail=3, reports=1), 10, strict=False))
    assert Counter(floor.started) == {"mail": 6, "reports": 2}


def test_what_one_queue_does_not_use_goes_to_the_others() -> None:
    floor = Floor(10, mail=0, reports=999)
    assert floor.work(Apart(shares(mail=9, reports=1), 10, strict=False), 200)["reports"] == 200


@pytest.mark.parametrize("idle", ["empty", "full"])
def test_a_queue_that_could_not_take_its_turn_makes_nothing_up_for_later(idle: str) -> None:
    wanted = shares(mail=1, reports=1)
    who = Apart({**wanted, "mail": Share(concurrency=8)} if idle == "full" else wanted, 10, strict=False)
    floor = Floor(10, mail=0 if idle == "empty" else 9999, reports=9999)
    floor.running = ["mail"] * 8 if idle == "full" else []
    for _ in range(500):
        floor.fill(who)
        floor.running = [name for name in floor.running if name == "mail"]
    floor.started.clear()
    floor.running.clear()
    floor.jobs["mail"] = 9999
    assert floor.work(who, 100, ending=10)["reports"] >= 40


def test_strictly_the_first_queue_always_goes_first() -> None:
    who = Apart(shares(first=1, second=1, third=1), 4, strict=True)
    floor = Floor(6, first=20, second=3, third=99)
    floor.work(who, 40, ending=5)
    assert floor.started[:23] == ["first"] * 20 + ["second"] * 3
    floor.jobs["first"] += 5
    floor.started.clear()
    floor.work(who, 5)
    assert floor.started[:5] == ["first"] * 5


def test_strictly_a_later_queue_is_asked_only_right_after_those_before_it_had_no_more() -> None:
    who = Apart(shares(first=1, second=1), 4, strict=True)
    floor = Floor(10, first=0, second=99)
    floor.work(who, 60, ending=10)
    asked = [ask.queues[0] for ask in floor.asks]
    assert all(before == "first" for before, name in pairwise(asked) if name == "second")


@pytest.mark.parametrize("strict", [True, False])
def test_a_queue_has_no_more_places_and_jobs_of_a_claim_than_are_its_own(strict: bool) -> None:
    who = Apart({"mail": Share(concurrency=3, batch=2), "reports": Share()}, 5, strict=strict)
    floor = Floor(10, mail=999, reports=999)
    for _ in range(100):
        floor.fill(who)
        assert floor.busy()["mail"] <= 3
        del floor.running[:4]
    for name, most in (("mail", 2), ("reports", 5)):
        assert max(ask.limit for ask in floor.asks if ask.queues == [name]) <= most


def test_where_every_queue_is_full_nobody_is_asked_until_a_place_is_free() -> None:
    who = Apart({"mail": Share(concurrency=1)}, 5, strict=True)
    floor = Floor(10, mail=9)
    assert [floor.turn(who) for _ in range(3)] == [False, None, None]
    floor.running.clear()
    assert floor.turn(who) is False


def test_rest_comes_when_every_queue_has_said_that_it_has_no_more() -> None:
    who = Apart(shares(a=1, b=1, c=1), 5, strict=True)
    floor = Floor(10, a=0, b=1, c=0)
    assert [floor.turn(who) for _ in range(4)] == [False, False, True, False]
    assert [ask.queues[0] for ask in floor.asks] == ["a", "b", "c", "a"]


def test_without_shares_all_queues_are_asked_together_as_ever() -> None:
    for names in ((), ["mail", "reports"]):
        who = turns(names, SETTINGS)
        assert isinstance(who, Together)
        assert who.next(Floor(4)) == Ask(list(names), 4)
        assert who.next(Floor(40)) == Ask(list(names), 10)
        assert [who.answered(Ask([], 4), found) for found in (4, 3)] == [False, True]


def test_shares_are_those_given_else_those_set_and_names_choose_among_them() -> None:
    both = WorkerSettings(queues={"mail": Share(weight=3), "reports": Share()})
    assert list(turns((), both).names) == ["mail", "reports"]
    assert list(turns(["other", "mail"], both).names) == ["other", "mail"]
    assert list(turns({"mine": Share()}, both).names) == ["mine"]
    assert isinstance(turns({"mine": Share()}, SETTINGS), Apart)
