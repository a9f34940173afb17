"""A list is as long as it is: its end is at hand, marks stay where they were put, and all that match is one thing."""

import asyncio

from msgspec import Struct

from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter
from graveshift_tui.widgets.chain import PAGE
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.waiting import until


class Gated(FakeClient):
    """Answers pages of letters beyond the first only while the gate is open."""

    def __init__(self, letters: int) -> None:
        super().__init__(letters=letters)
        self.gate = asyncio.Event()
        self.asked: list[str] = []

    async def page(
        self,
        resource: str,
        filter: Filter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 100,
        sort: Sort | None = None,
    ) -> Page[Struct]:
        """The same, later."""
        if resource == "dlq" and (cursor is not None or sort is Sort.OLDEST):
            self.asked.append(cursor or "end")
            await self.gate.wait()
        return await super().page(resource, filter, cursor=cursor, limit=limit, sort=sort)


async def filtered(person: Person, text: str) -> None:
    """The same list under another filter."""
    await person.press("slash")
    await until(lambda: person.app.focused is not None and person.app.focused.id == "prompt")
    await person.types(text)
    await person.press("enter")
    await until(lambda: person.listing.words == text and person.listing.table.chain.started)


def under_cursor(person: Person) -> object:
    return person.listing.table.row


def known(person: Person) -> int:
    return person.listing.table.chain.known


async def test_the_end_is_there_at_once_and_what_lies_between_is_not_read() -> None:
    async with console(FakeClient(letters=9000)) as person:
        await person.goes("3", "dlq")
        await person.press("G")
        await until(lambda: person.listing.table.row == person.client.letters[-1], what="the last letter")
        assert person.listing.table.cursor == 8999
        assert known(person) <= 4 * PAGE
        await person.press("k", "k")
        assert person.listing.table.row == person.client.letters[-3]
        await person.press("g")
        assert person.listing.table.row == person.client.letters[0]
        await person.press("G")
        assert person.listing.table.row == person.client.letters[-1]


async def test_while_the_end_is_on_its_way_there_are_placeholders_and_keys_go_on_working() -> None:
    client = Gated(letters=3000)
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("G")
        await until(lambda: "end" in client.asked)
        assert "·····" in person.text
        assert under_cursor(person) is None
        await person.press("g")
        assert person.listing.table.row == client.letters[0]
        client.gate.set()
        await until(lambda: person.listing.table.chain.tail.started or not person.listing.table.chasing)
        assert person.listing.table.row == client.letters[0]


async def test_pages_that_were_scrolled_past_are_not_waited_for() -> None:
    client = Gated(letters=3000)
    async with console(client) as person:
        await person.goes("3", "dlq")
        for _ in range(12):
            await person.press("pagedown")
        assert "·····" in person.text
        client.gate.set()
        await until(lambda: person.listing.table.row is not None)
        table = person.listing.table
        assert table.row == client.letters[table.cursor]


async def test_a_list_is_sorted_the_other_way_and_the_crumbs_say_so() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.sees("newest first")
        await person.press("s")
        await person.sees("oldest first")
        await until(lambda: person.listing.table.row == person.client.letters[-1])
        await person.press("G")
        await until(lambda: person.listing.table.row == person.client.letters[0])
        await person.press("s")
        await person.sees("newest first")


async def test_an_order_that_no_index_keeps_is_refused_in_words() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await person.press("s")
        await person.told("no index keeps another order of this list")


async def test_marks_outlive_another_filter_and_are_what_a_verb_acts_on() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("space", "space", "space")
        ids = [letter.id for letter in person.client.letters[:3]]
        await filtered(person, "queue:parse")
        await person.sees("3 marked")
        assert list(person.listing.table.marks.ids) == ids
        await person.press("r")
        await person.sees("3 marked letters")
        [plan] = person.client.plans.values()
        assert plan.args["selection"] == {"ids": ids}


async def test_of_marks_it_is_said_how_many_another_filter_leaves_out() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        for _ in range(12):
            await person.press("space")
        left_out = sum(letter.queue != "parse" for letter in person.client.letters[:12])
        assert 0 < left_out < 12
        await filtered(person, "queue:parse")
        await person.sees(f"12 marked, {left_out} outside")
        await person.press("r")
        await person.sees(f"{left_out} of them outside this filter")


async def test_all_that_show_are_marked_and_then_all_that_match() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await filtered(person, "queue:parse")
        await person.press("*")
        height = person.listing.table.size.height
        await person.sees(f"{min(height, 60)} marked")
        await person.press("*")
        await person.sees("all 60 that match")
        await person.press("d")
        await person.sees("60 letters")
        [plan] = person.client.plans.values()
        assert plan.operation == "dlq.discard"
        assert plan.args["selection"] == {"filter": {"queue": "parse"}}


async def test_all_there_are_is_a_selection_too() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("*", "*")
        await person.sees("all 400 that match")
        await person.press("r")
        await person.sees("Requeue all 400 letters there are")
        [plan] = person.client.plans.values()
        assert plan.args["selection"] == {"all": True}


async def test_all_that_match_ends_with_another_filter_a_single_mark_or_escape() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        for end in ("space", "escape"):
            await person.press("*", "*")
            await person.sees("that match")
            await person.press(end)
            await until(lambda: not person.listing.table.marks)
        await person.press("*", "*")
        await filtered(person, "queue:parse")
        assert not person.listing.table.marks.whole
        assert person.listing.table.marks


async def test_of_causes_only_those_that_show_are_marked() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await person.press("*", "*")
        assert not person.listing.table.marks.whole
        assert len(person.listing.table.marks) == len(person.listing.table.chain.head.ids())
