"""`esc` undoes the last step only: marks, then the filter that was typed, then the way here."""

from graveshift_tui.widgets.prompt import Prompt
from tests.screens.console import Person, console
from tests.waiting import until


async def filtered(person: Person, text: str) -> None:
    await person.press("slash")
    await until(lambda: isinstance(person.app.focused, Prompt))
    assert isinstance(person.app.focused, Prompt)
    person.app.focused.value = ""
    await person.types(text)
    await person.press("enter")
    await until(lambda: person.listing.words == text and person.listing.table.chain.started)


async def hints(person: Person, words: str) -> None:
    await until(lambda: words in person.text.splitlines()[-1], what=f"{words} in the hints of\n{person.text}")


async def test_esc_lifts_the_filter_before_it_leaves_the_list() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await filtered(person, "queue:parse")
        await hints(person, "esc lift filter")
        await person.press("escape")
        await until(lambda: person.listing.words == "" and person.listing.table.chain.total == 400)
        await person.press("escape")
        await until(lambda: person.app.here() is not None and len(person.app.siblings()) == 1)


async def test_esc_goes_back_to_the_filter_that_the_list_was_opened_with() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await until(lambda: person.listing.table.row is not None)
        await person.press("enter")
        await until(lambda: person.listing.card.name == "dlq")
        opened = person.listing.route
        await filtered(person, "queue:mail")
        await filtered(person, "queue:parse")
        await person.press("escape")
        await until(lambda: person.listing.route == opened)
        await person.press("escape")
        await until(lambda: person.listing.card.name == "groups")


async def test_marks_go_before_the_filter() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await filtered(person, "queue:parse")
        await person.press("space")
        await hints(person, "esc unmark")
        await person.press("escape")
        await until(lambda: not person.listing.table.marks)
        assert person.listing.words == "queue:parse"


async def test_where_nothing_matches_it_says_that_esc_lifts_the_filter() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await filtered(person, "queue:nowhere")
        await person.sees("esc lifts the filter.")
