"""Where a row goes while the cursor is on it, no verb acts on the row that comes in its place."""

import pytest
from msgspec.structs import replace

from graveshift.wire.dlq import LetterDetail
from graveshift_tui.card import Subject
from graveshift_tui.screens.verbs import NotHere, matching
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.waiting import until

GONE = "the row under the cursor is gone; nothing was done"


def remove(client: FakeClient, *letters: LetterDetail) -> None:
    """A colleague was quicker."""
    client.letters = [letter for letter in client.letters if letter not in letters]


async def lost(person: Person, *keys: str) -> LetterDetail:
    """Goes to a letter by keys and loses it; the letter that is now in its place."""
    await person.goes("3", "dlq")
    await person.press(*keys)
    at = person.listing.table.cursor
    remove(person.client, person.client.letters[at])
    await until(
        lambda: person.listing.table.chain.row(at) == person.client.letters[at], what="the next one in its place"
    )
    return person.client.letters[at]


@pytest.mark.parametrize("moves", [(), ("j", "j"), ("G",)], ids=["top", "third", "last"])
async def test_a_verb_says_that_its_row_is_gone_and_leaves_the_neighbour_alone(moves: tuple[str, ...]) -> None:
    async with console(FakeClient(letters=30)) as person:
        await person.goes("3", "dlq")
        await person.press(*moves)
        row = person.listing.table.row
        assert isinstance(row, LetterDetail)
        remove(person.client, row)
        await person.sees("row gone")
        for key, title in (("r", "Requeue marks or row"), ("d", "Discard marks or row"), ("y", "Copy for the chat")):
            await person.press(key)
            await person.told(f"{title}: {GONE}")
        assert not person.client.plans


async def test_a_move_puts_the_cursor_on_a_row_again_one_down_on_the_one_that_came_in_its_place() -> None:
    async with console() as person:
        following = await lost(person, "j", "j")
        await person.press("j", "r")
        await person.sees("Requeue this letter")
        [plan] = person.client.plans.values()
        assert plan.args["selection"] == {"ids": [following.id]}
        await person.press("n")
        await until(lambda: person.app.screen is person.listing)
        assert "row gone" not in person.text
        await lost(person, "j", "j")
        await person.press("k", "r")
        await person.sees("Requeue this letter")
        [_, plan] = person.client.plans.values()
        assert plan.args["selection"] == {"ids": [person.client.letters[1].id]}


async def test_space_and_enter_take_no_row_that_came_in_its_place() -> None:
    async with console() as person:
        await lost(person, "j", "j")
        await person.press("space")
        await person.told(f"Mark; fold in details: {GONE}")
        await person.press("enter")
        await person.told(f"Open this row: {GONE}")
        assert not person.listing.table.marks


async def test_marks_are_acted_on_wherever_the_cursor_is() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("j", "space", "space")
        row = person.listing.table.row
        assert isinstance(row, LetterDetail)
        remove(person.client, row)
        await person.sees("row gone")
        await person.press("r")
        await person.sees("Requeue 2 marked letters")


async def test_what_left_by_ones_own_act_hands_the_cursor_on_to_the_next_row() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("j", "r")
        await person.sees("Requeue this letter")
        await person.press("y")
        await person.told("run 81: succeeded")
        await until(lambda: person.listing.table.row == person.client.letters[1])
        assert "row gone" not in person.text
        remove(person.client, person.client.letters[1])
        await person.sees("row gone")


async def test_a_letter_requeued_from_its_page_hands_the_cursor_of_its_list_on() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("j", "enter")
        await until(lambda: person.detail.thing is not None)
        await person.press("r")
        await person.sees("Requeue this letter")
        await person.press("y")
        await person.told("run 81: succeeded")
        await person.press("escape")
        await until(lambda: person.listing.table.row == person.client.letters[1])
        assert "row gone" not in person.text


async def test_new_rows_above_the_top_one_do_not_make_it_gone() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        young = [replace(person.client.letters[0], id=f"native:9{n:020}") for n in range(150, 0, -1)]
        person.client.letters = [*young, *person.client.letters]
        await until(lambda: person.listing.table.row == young[0])
        assert "row gone" not in person.text


@pytest.mark.parametrize(("key", "place", "verb"), [("2", "groups", "R"), ("4", "queues", "P"), ("4", "queues", "p")])
async def test_a_cause_or_queue_that_is_gone_is_not_mistaken_for_the_next(key: str, place: str, verb: str) -> None:
    async with console() as person:
        await person.goes(key, place)
        person.client.letters = [x for x in person.client.letters if x.error_type != "ConnectTimeout"]
        person.client.queues = person.client.queues[1:]
        await person.sees("row gone")
        await person.press(verb)
        await person.told(GONE)
        assert not person.client.plans
        assert person.app.screen is person.listing


async def test_what_needs_no_row_goes_on_while_it_is_gone() -> None:
    async with console() as person:
        await lost(person, "j")
        await person.press("B")
        await person.told("run 81: back up")
        await person.press("R")
        await person.sees("all 399 dead letters of every queue")


async def test_a_letter_whose_page_is_open_is_gone_and_its_cause_can_still_be_requeued() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("enter")
        await until(lambda: person.detail.thing is not None)
        remove(person.client, person.client.letters[0])
        await person.sees("gone")
        await person.press("r")
        await person.told("Requeue marks or row: it is gone; nothing was done")
        assert not person.client.plans
        reads = person.client.reads
        await until(lambda: person.client.reads > reads + 6)
        assert sum("it is gone; what you see" in toast for toast in person.on_show) == 1
        await person.press("R")
        await person.sees("letters of the cause ConnectTimeout in")


async def test_a_letter_that_is_back_while_its_page_is_open_can_be_acted_on() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("enter")
        await until(lambda: person.detail.thing is not None)
        every = person.client.letters
        remove(person.client, every[0])
        await person.told("it is gone; what you see")
        person.client.letters = every
        await person.press("ctrl+r")
        await until(lambda: not person.detail.is_lost)
        await person.press("r")
        await person.sees("Requeue this letter")


def test_nothing_is_requeued_from_a_page_that_shows_nothing() -> None:
    with pytest.raises(NotHere, match="nothing is here yet"):
        matching(Subject("dlq", alone=True))


async def test_the_overview_does_not_take_the_next_cause_for_the_one_that_is_gone() -> None:
    async with console() as person:
        await person.sees("ConnectTimeout")
        await person.press("down")
        await until(lambda: any("›" in line and "KeyError" in line for line in person.text.splitlines()))
        person.client.letters = [x for x in person.client.letters if x.error_type != "KeyError"]
        await until(lambda: "KeyError" not in person.text)
        await person.press("R")
        await person.told(GONE)
        assert not person.client.plans
        await person.press("down", "R")
        await person.sees("letters of HTTPStatusError")


async def test_enter_on_the_overview_opens_what_is_there_now() -> None:
    async with console() as person:
        await person.sees("ConnectTimeout")
        person.client.letters = [x for x in person.client.letters if x.error_type != "ConnectTimeout"]
        await until(lambda: "ConnectTimeout" not in person.text)
        await person.press("R")
        await person.told(GONE)
        await person.press("enter")
        await person.sees("KeyError")
        assert person.listing.route.at == "native:KeyError"
