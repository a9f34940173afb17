"""Enter on a cause of the overview looks at that cause, and from there leads to its letters."""

from graveshift.wire.groups import Group
from tests.screens.console import Person, console
from tests.waiting import until


def cause_under_the_cursor(person: Person) -> str:
    row = person.listing.table.row
    return row.error_type if isinstance(row, Group) else ""


async def test_enter_on_a_cause_explains_it_and_once_more_opens_its_letters() -> None:
    async with console() as person:
        await person.sees("ConnectTimeout")
        await person.press("j", "enter")
        await person.sees("overview › groups")
        await until(lambda: cause_under_the_cursor(person) == "KeyError", what=person.text)
        assert person.listing.table.cursor == 1
        await person.sees("first seen")
        await person.press("enter")
        await person.sees("DIED")
        await until(lambda: person.listing.route.filter.fingerprint == "v1-keyerror")


async def test_the_hints_say_where_enter_leads() -> None:
    async with console() as person:
        await person.sees("NEXT   ⏎ look at the cause")
        await person.sees(" ⏎ look at it")
        await person.press("enter")
        await person.sees(" ⏎ letters")


async def test_a_cause_that_has_gone_meanwhile_leaves_the_cursor_on_the_first() -> None:
    async with console() as person:
        await person.sees("KeyError")
        await person.press("j")
        person.client.letters = [letter for letter in person.client.letters if letter.error_type != "KeyError"]
        await person.press("enter")
        await until(lambda: cause_under_the_cursor(person) == "ConnectTimeout", what=person.text)
