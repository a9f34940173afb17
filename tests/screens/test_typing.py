"""Filters and commands are read as people type them, and what is unknown is met with the nearest match."""

import pytest
from textual.app import App
from textual.events import Key

from graveshift.wire.selection import Filter
from graveshift_tui.screens.actions import COMMANDS
from graveshift_tui.screens.listing import describe
from graveshift_tui.screens.typed import Unclear, command_of, filter_of
from graveshift_tui.widgets.typeahead import Typeahead
from tests.screens.console import console

FIELDS = ("system", "queue", "text")


def test_words_and_pairs_become_a_filter_and_back() -> None:
    given = filter_of("time out queue=webhooks", FIELDS)
    assert given == Filter(queue="webhooks", text="time out")
    assert filter_of(describe(given), FIELDS) == given
    odd = Filter(queue="a b", text="it's = x")
    assert filter_of(describe(odd), FIELDS) == odd


def test_an_unknown_field_names_the_nearest() -> None:
    with pytest.raises(Unclear, match="did you mean `queue`"):
        filter_of("queu=x", FIELDS)


def test_the_beginning_of_a_command_is_enough_where_it_is_one() -> None:
    assert command_of(":ru", COMMANDS).word == "runs"
    assert command_of("q", COMMANDS).word == "q"
    assert command_of("demo break", COMMANDS).rest == "break"
    with pytest.raises(Unclear, match="did you mean `groups`"):
        command_of("grups", COMMANDS)


async def test_commands_open_screens_and_change_the_theme() -> None:
    async with console() as person:
        await person.press("colon")
        await person.types("backups")
        await person.press("enter")
        await person.sees("No backups")
        await person.press("colon")
        await person.types("theme day")
        await person.press("enter")
        await person.sees("No backups")
        assert person.app.palette.name == "day"
        await person.press("colon")
        await person.types("thme")
        await person.press("enter")
        await person.told("did you mean `theme`")
        await person.press("colon")
        await person.types("demo break")
        await person.press("enter")
        await person.told("this is not the demo")


async def test_the_palette_finds_an_action_by_its_words() -> None:
    async with console() as person:
        await person.press("ctrl+p")
        await person.sees("What do you want to do?")
        await person.types("backups")
        await person.press("enter")
        await person.sees("No backups")


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (60, 20), (30, 8)])
async def test_every_screen_is_drawn_at_every_size(size: tuple[int, int]) -> None:
    async with console(size=size) as person:
        for key, card in zip("1234567890", ("overview", "groups", "dlq", "queues", "jobs", "workers", "runs", "backups",
                                            "secrets", "audit"), strict=True):  # fmt: skip
            await person.goes(key, card)
            assert all(len(line) <= size[0] for line in person.text.splitlines())
        await person.press("question_mark", "escape")


async def test_a_key_that_comes_when_the_last_screen_has_gone_is_nobodys() -> None:
    handed_on: list[Key] = []

    async def hand_on(key: Key) -> None:
        handed_on.append(key)

    await Typeahead(App(), hand_on).take(Key("q", "q"))
    assert handed_on == []
