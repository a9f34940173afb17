"""A question says what it is about in the words of its verb, whole or cut where a word ends."""

import pytest
from msgspec.structs import replace

from graveshift_tui.card import Subject
from graveshift_tui.operate import Ask
from graveshift_tui.screens import verbs
from graveshift_tui.widgets.choose import Chooser
from graveshift_tui.widgets.question import question
from tests.screens import stock
from tests.screens.console import console
from tests.screens.test_cause_words import CAUSE
from tests.screens.test_question import a_plan

LONG = replace(CAUSE, message="GET https://api.example.com/v1/accounts timed out while reading the answer of it")
LETTER = replace(stock.letter(1), error_type="httpx.ReadTimeout", error_message=LONG.message)


def titled(ask: Ask) -> str:
    return f"{ask.title} {ask.scope}"


@pytest.mark.parametrize(
    ("ask", "begins"),
    [
        (verbs.letters("dlq.requeue", Subject("groups", (LONG,))), "Requeue all 300,412 letters of ConnectTimeout GET"),
        (verbs.canary(Subject("groups", (LONG,))), "Requeue (canary first) all 300,412 letters of ConnectTimeout GET"),
        (verbs.letters("dlq.discard", Subject("dlq", (LETTER,))), "Discard this letter: ReadTimeout: GET https://"),
    ],
)
def test_a_title_is_the_verb_and_what_it_acts_on_cut_where_a_word_ends(ask: Ask, begins: str) -> None:
    said = titled(ask)
    assert said.startswith(begins)
    assert said.endswith("…")
    last = said.removesuffix("…").split()[-1]
    assert last in LONG.message.split()


async def test_a_title_that_has_no_room_ends_with_an_ellipsis() -> None:
    lines = question("Requeue", "word " * 100, await a_plan(), 60, 20)
    head = ["".join(text for text, _ in line).strip() for line in lines[1:4]]
    assert head[2].endswith("word…")
    assert all(set(line.replace("…", "").split()[1:]) <= {"word"} for line in head)


async def test_what_a_choice_is_about_is_wrapped_between_words() -> None:
    async with console() as person:
        asked = "Requeue all 300,412 letters of ConnectTimeout GET somewhere very far away and back: how?"
        person.app.push_screen(Chooser(asked, []))
        await person.sees("how?")
        for word in asked.split():
            assert word in person.text
