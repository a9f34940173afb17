"""Words are found in the text of a detail by the key that filters lists."""

from msgspec import Raw
from msgspec.structs import replace

from graveshift_tui.keymap import load
from graveshift_tui.widgets.detail import MARGIN
from graveshift_tui.widgets.finding import rows_with
from graveshift_tui.widgets.tree import Node
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.waiting import until

FAR = "x" * 60


async def opened(person: Person) -> None:
    """The first letter in full."""
    await person.goes("3", "dlq")
    await person.press("enter")
    await until(lambda: person.detail.thing is not None)


def under_cursor(person: Person) -> str:
    return next(line for line in person.text.splitlines() if line.startswith("›"))


async def find(person: Person, words: str) -> None:
    await person.press("slash")
    await person.sees(person.detail.sought or "words to find in this text")
    await person.types(words)
    await person.press("enter")


def test_rows_are_counted_where_long_lines_wrap_and_words_may_lie_across_two_rows() -> None:
    document = [
        Node("a", (("first Needle", "text"),)),
        Node("b", ((f"{FAR} NEE", "key"), (f"DLE {FAR} needle", "text")), (Node("b/0", (("a needle", "text"),)),)),
    ]
    assert rows_with("needle", document, 62) == [0, 1, 3, 4]
    assert rows_with("needle", document, 200) == [0, 1, 2]
    assert rows_with("nee.le", document, 62) == []


async def test_words_are_found_one_place_after_the_other_and_from_the_last_to_the_first() -> None:
    async with console() as person:
        await opened(person)
        await find(person, "SKU")
        await person.sees("/SKU  1 of 2")
        assert '"A-1"' in under_cursor(person)
        await find(person, "")
        await person.sees("/SKU  2 of 2")
        assert '"B-7"' in under_cursor(person)
        await find(person, "")
        await person.sees("/SKU  1 of 2")


async def test_a_fold_that_hides_the_words_opens() -> None:
    async with console() as person:
        await opened(person)
        await find(person, "items")
        await person.press("z")
        await until(lambda: "A-1" not in person.text)
        await person.press("g", "slash")
        await person.sees("items")
        await person.press(*["backspace"] * 5)
        await until(lambda: person.app.focused is not None and person.app.focused.id == "prompt")
        await person.types("B-7")
        await person.press("enter")
        await person.sees("/B-7  1 of 1")
        assert '"B-7"' in under_cursor(person)


async def test_words_that_are_not_there_are_said_and_the_cursor_stays() -> None:
    async with console() as person:
        await opened(person)
        await person.press("j", "j")
        here = person.detail.detail.cursor
        await find(person, "no such words")
        await person.told("no such words: not in this text")
        assert person.detail.detail.cursor == here
        assert "of 1" not in person.text


async def test_the_end_of_a_long_line_comes_into_sight() -> None:
    client = FakeClient(letters=1)
    client.letters = [replace(client.letters[0], payload=Raw(b'"' + b"y" * 3000 + b'the end"'))]
    async with console(client) as person:
        await opened(person)
        await find(person, "the end")
        await person.sees("/the end  1 of 1")
        assert "the end" in under_cursor(person)
        assert person.detail.detail.cursor > 3000 // (80 - MARGIN)


async def test_the_next_letter_begins_anew_and_the_words_are_at_hand() -> None:
    async with console() as person:
        await opened(person)
        await find(person, "sku")
        await person.sees("1 of 2")
        await person.press("n")
        await until(lambda: person.detail.thing == person.client.letters[1])
        await until(lambda: "1 of 2" not in person.text)
        await find(person, "")
        await person.sees("/sku  1 of 2")
        assert person.detail.route.filter.is_empty


def test_the_key_of_the_filter_finds_in_details() -> None:
    assert (load().action("/", "screens"), load().action("/", "detail")) == ("filter", "find")
