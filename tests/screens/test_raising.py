"""A rate of ten times or more says what it means before it is taken; slower, pause and stop say nothing more."""

import pytest
from msgspec import convert
from msgspec.structs import replace

from graveshift.wire.plans import Breakdown, Confirm, Plan, Share
from graveshift.wire.runs import Run, RunState
from graveshift_tui.screens.flows.raising import filled, leap, of_late
from tests.screens import stock
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until

OFTEN = "webhooks did 3 jobs a second of late"


def run(rate: float | None, slowed: float | None = None) -> Run:
    given = {"id": "81", "plan_id": "p", "operation": "dlq.requeue", "state": "running", "total": 9, "actor": "ana"}
    return convert({**given, "rate": rate, "slowed": slowed}, Run)


def plan(**args: object) -> Plan:
    return Plan(id="p", operation="dlq.requeue", args=args, count=9, count_is_exact=True, arrived_since=0, cutoff=START,
                effects=[], confirm=Confirm.YES, phrase=None, expires_at=START)  # fmt: skip


@pytest.mark.parametrize(
    ("now", "slowed", "wanted", "words"),
    [
        (50, None, 5000, "100 times as fast"),
        (50, None, 500, "10 times as fast"),
        (50, None, 499, ""),
        (50, 5, 50, "10 times as fast"),
        (50, None, 1, ""),
        (50, None, None, "as fast as it can"),
        (None, None, None, ""),
        (None, None, 5000, ""),
    ],
)
def test_a_leap_is_ten_times_or_no_limit(
    now: float | None, slowed: float | None, wanted: float | None, words: str
) -> None:
    assert leap(run(now, slowed), wanted) == words


def test_the_queues_it_fills_are_those_it_was_sent_to_else_those_of_its_letters() -> None:
    assert filled(plan(queue="slow")) == {"slow"}
    parts = [Breakdown("queue", [Share("mail", 5), Share("parse", 4)]), Breakdown("kind", [Share("send", 9)])]
    assert filled(replace(plan(), parts=parts)) == {"mail", "parse"}
    assert filled(plan(selection={"filter": {"queue": "mail"}})) == {"mail"}
    assert filled(plan(selection={"all": True})) == frozenset()


def test_what_the_workers_did_of_late_is_their_sum_and_nothing_where_nobody_can_say() -> None:
    both = [stock.queue("webhooks"), stock.queue("mail")]
    assert of_late(both[:1]) == OFTEN
    assert of_late(both) == "mail, webhooks did 242 jobs a second of late"
    assert of_late([replace(both[0], out_per_s=None)]) == of_late([]) == ""


async def begun(client: FakeClient) -> Run:
    kept = await client.plan("dlq.requeue", {"selection": {"filter": {"queue": "webhooks"}}})
    started = client.start("dlq.requeue", total=100, moved=20, rate=50)
    client.runs[-1] = replace(started, plan_id=kept.id)
    return started


async def at_the_question(person: Person) -> None:
    await person.press("7")
    await person.sees("dlq.requeue")
    await person.press("=")
    await person.sees("as it is: 50 a second")


async def test_what_it_means_is_read_where_the_rate_is_chosen_and_it_is_taken_at_once() -> None:
    async with console() as person:
        started = await begun(person.client)
        await at_the_question(person)
        await person.sees("webhooks did 3")
        await person.sees("5,000 a second, 100 times as fast")
        await person.sees("no limit, as fast as it can")
        await person.types("5000")
        await person.press("enter")
        await person.told(f"run {started.id}: 5,000 a second from now on, 100 times as fast; {OFTEN}")
        assert (await person.client.look(started.id)).rate == 5000


async def test_slower_is_told_as_ever_and_asks_for_nothing() -> None:
    async with console() as person:
        started = await begun(person.client)
        await at_the_question(person)
        await person.types("5")
        await person.press("enter")
        await person.told(f"run {started.id}: 5 a second from now on")
        assert OFTEN not in person.toasts
        await person.press("X")
        await until(lambda: person.client.runs[-1].state is RunState.CANCELLED)


async def test_a_rate_of_a_paused_run_is_told_to_hold_once_it_is_resumed() -> None:
    async with console() as person:
        started = await begun(person.client)
        person.client.runs[-1] = replace(person.client.runs[-1], state=RunState.PAUSED)
        await at_the_question(person)
        await person.types("50000")
        await person.press("enter")
        await person.told(f"run {started.id}: 50,000 a second once it is resumed, 1,000 times as fast")


async def test_a_plan_that_is_not_kept_any_more_keeps_no_question_away() -> None:
    async with console() as person:
        person.client.start("dlq.requeue", total=100, moved=20, rate=50)
        await at_the_question(person)
        await person.sees("5,000 a second, 100 times as fast")
        assert "of late" not in person.text
