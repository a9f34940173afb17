"""A count that stopped, or is of another time, says so wherever the console shows it."""

from collections.abc import Mapping

import pytest
from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.groups import Group
from graveshift.wire.overview import Overview
from graveshift.wire.page import Page, Sort
from graveshift.wire.plans import Plan
from graveshift.wire.selection import Filter
from graveshift_tui.commands.acting import plan_lines
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.waiting import until


class Stopped(FakeClient):
    """Counting stops early, of lists, of plans and of what came since; None: a list says no number at all."""

    stops: int | None = 120

    async def page(
        self, resource: str, filter: Filter | None = None, *, cursor: str | None = None, limit: int = 100,
        sort: Sort | None = None,
    ) -> Page[Struct]:  # fmt: skip
        """The same rows."""
        page = await super().page(resource, filter, cursor=cursor, limit=limit, sort=sort)
        return page if resource != "dlq" else replace(page, total=self.stops, total_is_exact=False)

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """A plan that counted to 10,000 twice."""
        whole = await super().plan(operation, args)
        counted = {"count": 10_000, "count_is_exact": False, "arrived_since": 10_000, "arrived_is_exact": False}
        self.plans[whole.id] = replace(whole, **counted)
        return self.plans[whole.id]


class Growing(FakeClient):
    """Its rows say more than its lists: another moment."""

    def groups(self) -> list[Group]:
        """Seven more letters each."""
        return [replace(group, dead=group.dead + 7) for group in super().groups()]

    async def overview(self) -> Overview:
        """Of ten causes only three have room."""
        seen = await super().overview()
        return replace(seen, totals=replace(seen.totals, groups=31))


def aged(text: str) -> list[str]:
    return [line for line in text.splitlines() if "s old" in line]


async def test_a_list_of_letters_says_that_counting_stopped_in_its_crumbs_marks_and_question() -> None:
    async with console(Stopped(letters=400)) as person:
        await person.goes("3", "dlq")
        await person.sees("  120+  ")
        await person.press("asterisk")
        await person.press("asterisk")
        await person.sees("all 120+ that match")
        await person.press("R")
        await person.sees("Requeue all 10,000+ dead letters")
        await person.sees("10,000+ more since you looked")


async def test_a_list_that_has_no_count_says_how_many_it_has_so_far() -> None:
    client = Stopped(letters=400)
    client.stops = None
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.sees("100 so far")


async def test_the_command_line_tells_a_plan_with_both_counts_as_they_are() -> None:
    plan = await Stopped(letters=400).plan("dlq.requeue", {"selection": {"all": True}})
    assert "acting on 10,000+ (10,000+ more came since and are left alone)" in plan_lines(plan)[0]


async def test_a_cause_of_the_overview_and_its_list_say_both_numbers_where_they_differ() -> None:
    async with console(Growing(letters=400)) as person:
        await person.sees("302")
        await person.press("enter")
        await until(lambda: "first seen" in person.text)
        await person.press("enter")
        await person.sees("302 when opened, now 295")


async def test_the_overview_counts_the_causes_that_it_does_not_show() -> None:
    async with console(Growing(letters=400)) as person:
        await until(lambda: "more" in person.text)
        shown = sum(group.error_type in person.text for group in person.client.groups())
        assert f"{31 - shown} more" in person.text


@pytest.mark.parametrize(("key", "card"), [("1", "overview"), ("2", "groups"), ("3", "dlq")])
async def test_numbers_of_another_time_say_how_old_they_are(key: str, card: str) -> None:
    async with console(FakeClient(letters=400)) as person:
        await person.goes(key, card)
        await person.sees("live")
        person.client.offline = True
        await person.sees("OFFLINE")
        await until(lambda: len(aged(person.text)) >= 2, what="in the band, and beside what it is of")
