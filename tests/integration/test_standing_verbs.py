"""What a colleague did to a queue is named in every plan that would change it: who, since when, until when and why."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graveshift.errors import NotFound, PlanStale
from graveshift.wire.plans import Confirm, Plan
from tests.front import ANN, Front

MAIL = {"queue": "native:mail"}
AT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"


def said(plan: Plan, subject: str) -> list[str]:
    return [effect.change for effect in plan.effects if effect.subject == subject]


async def drained(front: Front, reason: str | None, actor: str = "bob") -> None:
    async with front.bench.units.open() as unit:
        await front.queue.source.drain(unit, "mail", reason, actor)


async def test_a_resume_asks_and_names_every_thing_that_it_lifts(front: Front) -> None:
    await front.bench.put()
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await front.bench.pause("mail", end, "the bank is down")
    await drained(front, "it moves")
    plan = await front.desk.plan("queue.resume", MAIL, ANN)
    assert plan.confirm is Confirm.YES
    pause, drain = said(plan, "lifts")
    assert re.fullmatch(f'paused by ann since {AT} until {end:%Y-%m-%d %H:%M:%SZ}: "the bank is down"', pause)
    assert re.fullmatch(f'draining by bob since {AT}: "it moves"', drain)
    async with front.running():
        await front.ended(await front.begin(plan))
    again = await front.desk.plan("queue.resume", MAIL, ANN)
    assert (again.confirm, said(again, "lifts"), again.effects[0].change) == (Confirm.NONE, [], "open already")


async def test_a_resume_is_stale_where_a_colleague_drained_or_paused_anew_after_it_was_planned(front: Front) -> None:
    await front.bench.put()
    await front.bench.pause("mail")
    plan = await front.desk.plan("queue.resume", MAIL, ANN)
    await drained(front, "it moves")
    with pytest.raises(PlanStale, match=r'draining by bob since .*: "it moves"'):
        await front.begin(plan)
    plan = await front.desk.plan("queue.resume", MAIL, ANN)
    await front.bench.pause("mail", reason="another reason")
    with pytest.raises(PlanStale, match="another reason"):
        await front.begin(plan)


@pytest.mark.parametrize("operation", ["queue.pause", "queue.drain"])
async def test_a_pause_and_a_drain_say_what_stands_now(front: Front, operation: str) -> None:
    await front.bench.put()
    assert said(await front.desk.plan(operation, MAIL, ANN), "now") == []
    await front.bench.pause("mail", reason="the bank is down")
    await drained(front, None)
    pause, drain = said(await front.desk.plan(operation, MAIL, ANN), "now")
    assert re.fullmatch(f'paused by ann since {AT} until it is resumed: "the bank is down"', pause)
    assert re.fullmatch(f"draining by bob since {AT}", drain)


async def test_a_limit_says_who_set_the_one_before_since_when_and_why(front: Front) -> None:
    await front.bench.put()
    await front.bench.limit(concurrency=4)
    plan = await front.desk.plan("queue.limit", {**MAIL, "concurrency": 9}, ANN)
    assert re.search(rf'before: at most 4 jobs at once by ann since {AT}: "bank"\)', plan.effects[0].change)


async def test_a_queue_that_is_called_by_its_name_is_met_with_its_id(front: Front) -> None:
    await front.bench.put()
    with pytest.raises(NotFound, match=r"queue mail; did you mean native:mail\?$"):
        await front.desk.plan("queue.pause", {"queue": "mail"}, ANN)
    with pytest.raises(NotFound, match=r"queue nosuch$"):
        await front.desk.plan("queue.pause", {"queue": "nosuch"}, ANN)


BOTH = {"concurrency": 4, "per_s": 10.0, "burst": 20}
PLACES, RATE = "4 jobs at once", "10 starts a second after a burst of 20"
BURST = "the burst of 20: no burst is named, so it is what comes in one second, {}"


@pytest.mark.parametrize(
    ("stands", "order", "lifted"),
    [
        (BOTH, {"concurrency": 9}, [RATE]),
        (BOTH, {"per_s": 1}, [PLACES, BURST.format(1)]),
        (BOTH, {}, [PLACES, RATE]),
        (BOTH, {"concurrency": 9, "per_s": 1}, [BURST.format(1)]),
        (BOTH, {"concurrency": 9, "per_s": 12.5}, [BURST.format(13)]),
        (BOTH, {"concurrency": 9, "per_s": 20}, []),
        (BOTH, {"concurrency": 9, "per_s": 1, "burst": 3}, []),
        ({"per_s": 10.0, "burst": 10}, {"per_s": 5}, []),
        ({"concurrency": 4}, {"concurrency": 9}, []),
        (None, {"concurrency": 9}, []),
    ],
)
async def test_a_limit_says_what_it_lifts_because_the_order_does_not_name_it(
    front: Front, stands: dict[str, Any] | None, order: dict[str, Any], lifted: list[str]
) -> None:
    await front.bench.put()
    if stands is not None:
        await front.bench.limit(**stands)
    assert said(await front.desk.plan("queue.limit", {**MAIL, **order}, ANN), "lifts") == lifted


@pytest.mark.parametrize(("args", "reason"), [({}, "of the run"), ({"reason": "its own"}, "its own")])
async def test_a_drain_keeps_its_reason_else_that_of_its_run(front: Front, args: dict[str, str], reason: str) -> None:
    await front.bench.put()
    async with front.running():
        await front.ended(await front.order("queue.drain", {**MAIL, **args}, reason="of the run"))
    queue = await front.queue.source.queue("mail")
    assert queue is not None
    assert (queue.draining_by, queue.draining_reason) == ("ann", reason)
