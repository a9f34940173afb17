"""A list whose first pages are empty says that it looks, shows no rows that are not there, and then what it found."""

import asyncio

from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.page import Page, Sort
from graveshift.wire.selection import Filter
from graveshift_tui.widgets.paint import Lines
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.waiting import until


class Sparse(FakeClient):
    """Under a filter its pages are empty and go on, until the gate is open; then they end with what there is."""

    def __init__(self, *, finds: bool) -> None:
        super().__init__(letters=400)
        self.gate = asyncio.Event()
        self.finds = finds

    async def matching(
        self, resource: str, query: str, within: Filter | None = None, *, cursor: str | None = None,
        limit: int = 100, sort: Sort | None = None,
    ) -> Page[Struct]:  # fmt: skip
        empty: Page[Struct] = Page([], self.now, "1", 0, total_is_exact=False)
        if cursor is None:
            return empty
        await self.gate.wait()
        found = await super().matching(resource, query, within, limit=limit, sort=sort)
        return replace(found, next_cursor=None) if self.finds else replace(empty, next_cursor=None)


def crumbs(person: Person) -> str:
    return person.app.screen.query_one("#crumbs", Lines).render_line(0).text


async def filtered(person: Person) -> None:
    await person.goes("3", "dlq")
    await person.press("slash")
    await until(lambda: person.app.focused is not None and person.app.focused.id == "prompt")
    await person.types("queue:parse")
    await person.press("enter")
    await person.sees("looking for what matches queue:parse…")


async def test_while_nothing_was_found_it_says_so_and_shows_no_rows_and_then_that_nothing_matches() -> None:
    client = Sparse(finds=False)
    async with console(client) as person:
        await filtered(person)
        await until(lambda: "looking…" in crumbs(person))
        assert "·····" not in person.text
        assert "0+" not in crumbs(person)
        client.gate.set()
        await person.sees("Nothing matches queue:parse.")
        await until(lambda: "looking" not in crumbs(person))


async def test_what_is_found_late_comes_in_the_place_of_the_words() -> None:
    client = Sparse(finds=True)
    async with console(client) as person:
        await filtered(person)
        client.gate.set()
        await until(lambda: person.listing.table.row is not None)
        assert "looking" not in person.text
