"""Which marked letters a filter does not let through: each is asked for under it, at the very moment of its death."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from textual.message import Message

from graveshift.wire.dlq import Letter
from graveshift_tui.card import Route
from graveshift_tui.client import Client
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.marked import Marked
from graveshift_tui.widgets.work import spawn

NEAR: Final = timedelta(microseconds=1)
MOST: Final = 200
TOGETHER: Final = 8


class Outside(Message):
    """Of the marked rows so many are left out by a filter; None where nobody can say."""

    def __init__(self, given: Route, many: int | None) -> None:
        super().__init__()
        self.given = given
        self.many = many


def look_outside(screen: ConsoleScreen, client: Client | None, given: Route, marks: Marked[Struct]) -> None:
    """Asks how it is with the marks under another filter; until the answer nobody can say."""
    if marks and client is not None:
        marks.outside = None
        spawn(screen, partial(_look, screen, client, given, marks.rows), "outside", exclusive=True)


async def _look(screen: ConsoleScreen, client: Client, given: Route, marked: Sequence[Struct]) -> None:
    screen.post_message(Outside(given, await outside(client, given, marked)))


async def outside(client: Client, given: Route, marked: Sequence[Struct]) -> int | None:
    """How many of these rows the filter leaves out; None where nobody can say, or where they are too many to ask."""
    letters = [row for row in marked if isinstance(row, Letter)]
    if given.filter.is_empty and not given.query:
        return 0
    if len(letters) != len(marked) or len(letters) > MOST:
        return None
    turns = asyncio.Semaphore(TOGETHER)

    async def lets_through(letter: Letter) -> bool:
        async with turns:
            return await _lets_through(client, given, letter)

    try:
        through = await asyncio.gather(*(lets_through(letter) for letter in letters))
    except ConsoleError:
        return None
    return len(letters) - sum(through)


async def _lets_through(client: Client, given: Route, letter: Letter) -> bool:
    chosen = given.filter
    after, before = chosen.died_after, chosen.died_before
    if (after is not None and letter.died_at <= after) or (before is not None and letter.died_at >= before):
        return False
    then = replace(chosen, died_after=letter.died_at - NEAR, died_before=letter.died_at + NEAR)
    if given.query:
        page = await client.matching("dlq", given.query, then, limit=1000)
    else:
        page = await client.page("dlq", then, limit=1000)
    return any(isinstance(row, Letter) and row.id == letter.id for row in page.items)
