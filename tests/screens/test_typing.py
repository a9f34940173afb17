"""Filters and commands are read as people type them, and what is unknown is met with the nearest match."""

from shlex import split

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.events import Key

from graveshift.wire.selection import Filter
from graveshift_tui.app import ConsoleApp
from graveshift_tui.screens.actions import COMMANDS
from graveshift_tui.screens.listing import describe
from graveshift_tui.screens.typed import Unclear, command_of, filter_of, parts
from graveshift_tui.widgets.prompt import Prompt
from graveshift_tui.widgets.typeahead import Typeahead
from tests.screens.console import console
from tests.screens.fake_console import settings
from tests.waiting import until

FIELDS = ("system", "queue", "text")
OF_JOBS = ("queue", "state", "payload")
USER = Filter(payload='{"user": 42}')


def test_words_and_pairs_become_a_filter_and_back() -> None:
    chosen = filter_of("time out queue=webhooks", FIELDS)
    assert chosen == Filter(queue="webhooks", text="time out")
    assert filter_of(describe(chosen), FIELDS) == chosen
    odd = Filter(queue="a b", text="it's = x")
    assert filter_of(describe(odd), FIELDS) == odd


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ('payload={"user": 42}', USER),
        ('payload= {"user": 42} ', USER),
        ("payload='{\"user\": 42}'", USER),
        ('"payload={\\"user\\": 42}"', USER),
        ('payload={\\"user\\":42}', Filter(payload='{"user":42}')),
        ('queue=mail payload={"a": {"b": [1, "x y"]}} state=held',
         Filter(queue="mail", state="held", payload='{"a": {"b": [1, "x y"]}}')),
        ('payload={"to": "it\'s {me}"} queue="a b"', Filter(queue="a b", payload='{"to": "it\'s {me}"}')),
    ],
)  # fmt: skip
def test_a_payload_is_read_as_it_stands_or_in_quotes_and_is_told_as_it_is_typed(text: str, chosen: Filter) -> None:
    assert filter_of(text, OF_JOBS) == chosen
    assert filter_of(describe(chosen), OF_JOBS) == chosen
    assert f"payload={chosen.payload}" in describe(chosen)


def test_a_payload_that_would_not_be_read_back_as_it_stands_is_told_in_quotes() -> None:
    for payload in (' {"a": 1}', '{"a": 1} '):
        assert filter_of(describe(Filter(payload=payload)), OF_JOBS) == Filter(payload=payload)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('payload={"user": 42', 'at character 12: {"user": 42 ▸ the end'),
        ('queue=mail payload={"user" 42}', 'at character 9: {"user"  ▸ 42}'),
        ("payload={user: 42}", "at character 2: { ▸ user: 42}"),
        ('payload={"user": 42}x', 'a blank has to follow the JSON, at character 13: {"user": 42} ▸ x'),
        ("payload='{\"user\": }'", 'at character 10: {"user":  ▸ }'),
        ("payload=user", "at character 1:  ▸ user"),
        ("payload=[1, 2]", "must be a JSON object with a key"),
        ("payload=42", "must be a JSON object with a key"),
        ("payload={}", "must be a JSON object with a key"),
        ("payload=" + '{"a":' * 50_000, "too deep"),
        ("queue='mail", "a quote is opened and not closed: 'mail"),
    ],
)
def test_broken_json_is_met_with_the_place_where_it_breaks(text: str, said: str) -> None:
    with pytest.raises(Unclear) as unclear:
        filter_of(text, OF_JOBS)
    assert said in str(unclear.value)


@given(st.text("ab ='\"\\{}[]\t"))
def test_all_but_payloads_is_split_as_a_shell_would(text: str) -> None:
    try:
        words = split(text)
    except ValueError:
        with pytest.raises(Unclear):
            list(parts(text, json_is_raw=True))
    else:
        assert list(parts(text, json_is_raw=True)) == words


async def test_jobs_are_filtered_by_a_payload_that_is_typed_as_it_is() -> None:
    async with console() as person:
        await person.goes("5", "jobs")
        await person.press("slash")
        await person.types('payload={"user": 42}')
        await person.press("enter")
        await person.sees('Nothing matches payload={"user": 42}.')
        assert person.listing.route.filter == USER
        await person.press("slash")
        await until(lambda: isinstance(person.app.focused, Prompt))
        await person.types("x")
        await person.press("enter")
        await person.told("a blank has to follow the JSON")


async def test_a_filter_that_is_refused_stays_to_be_mended() -> None:
    async with console() as person:
        await person.goes("5", "jobs")
        await person.press("slash")
        await person.types('payload={"user": 2 queue=st')
        await person.press("enter")
        await person.told("payload is no JSON")
        field = person.app.focused
        assert isinstance(field, Prompt)
        assert field.value == 'payload={"user": 2 queue=st'
        field.cursor_position = len('payload={"user": 2')
        await person.press("}", "enter")
        await until(lambda: not person.app.screen.query(Prompt))
        assert person.listing.route.filter == Filter(payload='{"user": 2}', queue="st")


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
        await person.press("escape")
        await until(lambda: not person.app.screen.query(Prompt))
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

    await Typeahead(App(), hand_on, ConsoleApp(settings()).actions).take(Key("q", "q"))
    assert handed_on == []
