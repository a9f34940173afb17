"""Filters and commands are read as people type them, and what is unknown is met with the nearest match."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.events import Key

from graveshift.query import Saying, terms_of, understood
from graveshift.wire.filters import Completion, QueryHelp
from graveshift.wire.selection import Filter
from graveshift_tui.app import ConsoleApp
from graveshift_tui.screens import verbs
from graveshift_tui.screens.actions import COMMANDS
from graveshift_tui.screens.filtering import Completing
from graveshift_tui.screens.saying import said
from graveshift_tui.screens.typed import Unclear, command_of
from graveshift_tui.widgets.prompt import Prompt
from graveshift_tui.widgets.typeahead import Typeahead
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.fake_console import settings
from tests.screens.fake_querying import BLANK
from tests.waiting import until

SAYING = Saying(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(system="native", queue="a b", kind="send", fingerprint="1-abc", error_type="Key Error", run_id="7"),
        Filter(text="it's = x -y", state="held", version=">v1"),
        Filter(died_after=SAYING.now, enqueued_before=SAYING.now, attempts_min=2, requeued_max=3),
    ],
)
def test_a_filter_that_the_console_made_is_said_as_the_backend_understands_it(chosen: Filter) -> None:
    found = understood(terms_of(said(chosen)), SAYING)
    words = [*(found.text or "").split(), *found.phrases]
    assert sorted(words) == sorted((chosen.text or "").replace("=", "").split())
    assert replace(found, text=chosen.text, phrases=[]) == chosen


def test_a_payload_is_said_key_by_key() -> None:
    payload = '{"user": 42, "to": {"a.b": "x"}, "items": [{"sku": true}]}'
    assert said(Filter(payload=payload)) == 'payload.user=42 payload.to."a.b"="x" payload.items[].sku=true'
    assert len(understood(terms_of(said(Filter(payload=payload))), SAYING).contains) == 3


async def test_a_list_is_filtered_by_a_text_that_the_backend_understands() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("slash")
        await person.types("queue:mail -error:X")
        await person.press("enter")
        await person.sees("/in queue mail, but not of X")
        assert (person.listing.route.query, person.listing.words) == ("queue:mail -error:X", "queue:mail -error:X")
        subject = person.listing.subject()
        assert verbs.matching(subject).args["selection"] == {"query": "queue:mail -error:X"}
        await person.press("slash")
        await until(lambda: isinstance(person.app.focused, Prompt))
        assert isinstance(person.app.focused, Prompt)
        assert person.app.focused.value == "queue:mail -error:X"


async def test_a_filter_that_is_refused_stays_to_be_mended_at_its_place() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("slash")
        await person.types("queue:mail quue:x")
        await person.press("enter")
        await person.told("did you mean `queue:`")
        field = person.app.focused
        assert isinstance(field, Prompt)
        assert (field.value, field.selected_text) == ("queue:mail quue:x", "quue:")
        await person.press("escape")
        await until(lambda: not person.app.screen.query(Prompt))
        assert person.listing.words == ""


async def test_tab_ends_the_word_as_the_backend_would() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("slash")
        await person.types("queue:mail er")
        field = person.app.focused
        assert isinstance(field, Prompt)
        client = person.app.client
        assert client is not None
        assert await Completing(client, "dlq").get_suggestion("queue:mail er") == "queue:mail error:"
        assert await Completing(client, "dlq").get_suggestion("nothing begins so") is None
        await until(lambda: field._suggestion == "queue:mail error:")
        await person.press("tab")
        assert field.value == "queue:mail error:"


class Offering(FakeClient):
    """Whose backend ends every path with the same words."""

    def __init__(self, *offered: str) -> None:
        super().__init__()
        self._offered = offered

    async def query_help(self, text: str, resource: str, cursor: int | None = None) -> QueryHelp:
        help = await super().query_help(text, resource, cursor)
        return replace(help, completions=[Completion(one) for one in self._offered])


async def test_tab_ends_the_path_of_a_payload_in_its_own_letters_and_nothing_hostile() -> None:
    client = Offering("user.id\x1b[31m=", "user.\u202edi=", 'user."full name"=')
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("slash")
        await person.types("queue:mail payload.US")
        field = person.app.focused
        assert isinstance(field, Prompt)
        await until(lambda: field._suggestion != "")
        await person.press("tab")
        assert field.value == 'queue:mail payload.user."full name"='


async def test_down_and_up_go_through_what_else_the_word_may_become() -> None:
    client = Offering("arr[].sku=", '"a b"=', "also=")
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("slash")
        await person.types("payload.a")
        field = person.app.focused
        assert isinstance(field, Prompt)
        await until(lambda: field._suggestion == "payload.arr[].sku=")
        await person.press("down")
        await until(lambda: field._suggestion == "payload.also=")
        await person.press("down")
        await until(lambda: field._suggestion == "payload.arr[].sku=")
        await person.press("up", "tab")
        assert field.value == "payload.also="


async def test_a_secret_value_is_asked_for_unseen_and_only_its_token_is_kept() -> None:
    client = FakeClient()
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("slash")
        await person.types("payload.pin=?")
        await person.press("enter")
        await person.sees("payload.pin: the value is compared, and kept nowhere")
        await person.types("4711")
        assert "4711" not in person.text
        await person.press("enter")
        await until(lambda: person.listing.route.query == f"payload.pin={BLANK}")
        assert client.hidden == ["4711"]


async def test_the_filter_that_holds_is_saved_by_a_name() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("A")
        await person.told("no filter holds here")
        await person.press("slash")
        await person.types("queue:mail")
        await person.press("enter")
        await person.sees("/in queue mail")
        await person.press("A")
        await person.sees("Save queue:mail by which name?")


def test_the_beginning_of_a_command_is_enough_where_it_is_one() -> None:
    assert command_of(":tra", COMMANDS).word == "trash"
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

    await Typeahead(App(), hand_on, ConsoleApp(settings()).actions.gate).take(Key("q", "q"))
    assert handed_on == []
