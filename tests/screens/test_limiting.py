"""A queue is limited from the keyboard, and its limit is told where the queue is."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from graveshift.wire.queues import Limit, Queue
from graveshift_tui.screens.limiting import OFFERED, limit_of, mark, order, words
from graveshift_tui.screens.queues import nodes, pane
from graveshift_tui.screens.standing import limited, name
from graveshift_tui.widgets.columns import At
from tests.screens.console import console
from tests.waiting import until

FULL = Queue("native:mail", "native", "mail", running=4, limit=Limit(4, 10, 20, "ana", "the bank is slow"))


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("4", Limit(4)),
        (" 10/s ", Limit(None, 10)),
        ("4 10/s", Limit(4, 10)),
        ("4 0.5/s burst 3", Limit(4, 0.5, 3)),
        ("10/s burst 50", Limit(None, 10, 50)),
        ("none", Limit()),
        ("None", Limit()),
        ("10/S", Limit(None, 10)),
        *(
            (text, None)
            for text in (
                "",
                "0",
                "4 0/s",
                "ten",
                "4/s/s",
                "-1",
                "4 10",
                "1e3",
                "4 10/s x",
                "10/s 4",
                "4 10/s 3",
                "burst 3",
                "4 burst 3",
                "10/s burst",
            )
        ),
    ],
)
def test_a_limit_is_typed_as_jobs_at_once_and_starts_a_second(text: str, limit: Limit | None) -> None:
    assert limit_of(text) == limit


def test_everything_that_is_offered_is_a_limit() -> None:
    assert all(limit_of(text) for text in OFFERED)


def test_a_limited_queue_says_so_beside_its_name_and_how_much_of_it_is_used_on_its_page() -> None:
    assert mark(FULL) == "MAX 4 10/s"
    assert "MAX 4 10/s" in name(FULL, 30)[0]
    told = 'at most 4 at once, 10 a second after a burst of 20; 4 running, by ana: "the bank is slow"'
    at = At(100, datetime.now(UTC))
    assert told in "".join(part for row in pane(FULL, at) for part, _ in row)
    assert told in str(nodes(FULL, at))
    plain = Queue("a", "b", "c")
    assert (mark(plain), limited(plain, at.now), words(None)) == ("", "", "no limit")


def test_an_order_says_both_limits_so_that_what_was_not_typed_is_lifted() -> None:
    ask = order(FULL, "7", "")
    assert (ask.operation, ask.scope) == ("queue.limit", "queue mail: at most 7 at once")
    assert ask.args == {"queue": "native:mail", "concurrency": 7, "per_s": None, "burst": None, "reason": None}


async def test_a_queue_is_limited_to_what_is_typed_with_a_reason() -> None:
    async with console() as person:
        await person.goes("4", "queues")
        await person.press("l")
        await person.sees("Limit webhooks to what? It has no limit.")
        await person.types("17 2.5/s")
        await person.sees("at most 17 at once, 2.5 a second")
        await person.press("tab")
        await person.types("bank")
        await person.press("enter")
        await until(lambda: person.client.queues[0].limit == Limit(17, 2.5, None, "ana", "bank"))
        await person.sees("webhooks  MAX")
        await person.sees("at most 17 at once, 2.5 a second")


@pytest.mark.parametrize(
    ("text", "limit"), [("1", Limit(1)), ("10", Limit(10)), ("1/s", Limit(None, 1)), ("2 1/s", Limit(2, 1))]
)
async def test_a_limit_that_is_typed_comes_before_the_offers_that_begin_like_it(text: str, limit: Limit) -> None:
    async with console() as person:
        await person.goes("4", "queues")
        await person.press("l", "down", "down", "down")
        await person.sees("Limit webhooks to what?")
        await person.types(text)
        await person.press("enter")
        await until(lambda: person.client.queues[0].limit == replace(limit, by="ana"))


@pytest.mark.parametrize("text", ["n", "s", "4 10", "0", "1/", "ten", "10/s 4"])
async def test_what_is_no_limit_takes_none_of_the_offers_and_says_what_a_limit_looks_like(text: str) -> None:
    async with console() as person:
        await person.goes("4", "queues")
        await person.press("l")
        await person.sees("Limit webhooks to what?")
        await person.types(text)
        await person.sees(f"{text} is no value.")
        await person.sees("A limit is 4 (at once), 10/s, 4 10/s, 10/s burst 50, or none.")
        await person.press("enter")
        await person.sees("Limit webhooks to what?")
        assert not person.client.plans


async def test_with_nothing_typed_the_offers_are_there_and_the_first_is_at_hand() -> None:
    async with console() as person:
        await person.goes("4", "queues")
        await person.press("l")
        await person.sees("at most 100 a second")
        assert "is no value" not in person.text
        await person.press("down", "enter")
        await until(lambda: person.client.queues[0].limit == Limit(1, by="ana"))
