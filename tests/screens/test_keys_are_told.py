"""Keymap, help, palette, hints and the manual tell the same keys."""

from pathlib import Path

import pytest

from graveshift_tui import keymap
from graveshift_tui.keymap import HINTS
from graveshift_tui.screens import CARDS, PLACES
from graveshift_tui.screens.actions import COMMANDS, VERBS
from graveshift_tui.screens.driving import MODES
from graveshift_tui.screens.helping import Here, choices, page
from graveshift_tui.screens.lines import lines
from graveshift_tui.screens.whereabouts import owners
from graveshift_tui.widgets.choose import Chooser
from graveshift_tui.widgets.paint import width_of
from graveshift_tui.widgets.prompt import Prompt
from tests.screens.console import console
from tests.screens.night import OPERATIONS
from tests.waiting import until

MANUAL = (Path(__file__).parents[2] / "docs" / "tui.md").read_text()
KEYS = keymap.load()


def test_the_manual_lists_every_key_with_its_action_and_title() -> None:
    for action, key in KEYS.keys.items():
        keys = " ".join(f"`{press}`" for press in key.keys)
        assert f"| {keys} | `{action}` | {key.title} | {', '.join(key.where)} |" in MANUAL


def test_the_manual_lists_no_key_that_is_not_there() -> None:
    told = [line.split("|")[2].strip(" `") for line in MANUAL.splitlines() if line.count("|") == 5 and "| `" in line]
    assert set(told) == set(KEYS.keys)


def here(card: str = "dlq", place: str = "screens") -> Here:
    verbs = ("open", *(CARDS[card].verbs if card in CARDS else ()), "copy")
    return Here(f"{card}, here", card, (card, place), verbs, owners(KEYS))


def told(width: int, where: Here, *forbidden: str) -> str:
    lines = page(KEYS, lambda action: "no" if action in forbidden else None, width, where)
    assert all(width_of(line) <= width for line in lines)
    return "\n".join("".join(part for part, _ in line) for line in lines)


def test_help_shows_every_key_at_80_columns_and_at_60() -> None:
    for width in (73, 53):
        for where in (here(), here("overview"), here(place="detail")):
            text = told(width, where)
            for action in KEYS.keys:
                assert KEYS.all_shown(action)[:12] in text, action


@pytest.mark.parametrize("card", [*CARDS, "overview"])
def test_help_shows_every_title_once_and_whole(card: str) -> None:
    shown = " ".join(told(53, here(card)).split())
    for action in KEYS.keys:
        within = sum(KEYS.title(action) in key.title for key in KEYS.keys.values())
        assert shown.count(KEYS.title(action)) == within, action


def test_help_begins_with_what_this_screen_can_do() -> None:
    first = told(53, here()).splitlines()
    assert first[0] == " dlq, here"
    assert first[1].split() == ["⏎", "Open", "this", "row"]
    own = "\n".join(first[: first.index(" anywhere")])
    assert "Requeue marks or row" in own
    assert "Reveal masked secrets" in own
    assert "Retry jobs now" not in own
    assert "jobs: Retry jobs now" in "\n".join(first[first.index(" on other screens") :])


def test_each_key_means_one_thing_among_what_can_be_done_here() -> None:
    for card in CARDS:
        for place in ("screens", "detail"):
            lines = told(53, here(card, place)).split(" on other screens")[0].split(" in a question")[0].splitlines()
            entries = [line for line in lines if (line[1:2].strip() and "  " in line) or "ctrl+" in line]
            keys = [press for line in entries for press in line[1:13].split()]
            assert len(keys) == len(set(keys)), (card, place, sorted(keys))


def test_help_says_what_this_token_may_not_do() -> None:
    assert told(73, here(), "dlq.discard").count("(not") == 1


async def test_help_is_about_the_screen_it_was_asked_for_on() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("question_mark")
        await person.sees("dead letters, here")
        await person.press("escape")
        await person.goes("7", "runs")
        await person.press("question_mark")
        await person.sees("runs, here")


async def test_a_letters_page_names_what_can_be_done_with_it() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.sees(" y copy ")
        await person.press("enter")
        await person.sees("payload")
        for hint in ("r requeue", "d discard", "v reveal", "L siblings", "t trace link", "e edit", "y copy", "? help"):
            await person.sees(hint)


def test_the_palette_offers_every_verb_and_every_screen() -> None:
    offered = {choice.value for choice in choices(KEYS, ("screens", *keymap.CARDS), lambda action: None)}
    assert set(VERBS) <= offered
    assert {f"goto.{name}" for name in PLACES} <= offered


def test_the_palette_offers_every_command() -> None:
    offered = {choice.value for choice in [*choices(KEYS, ("screens",), lambda action: None), *lines(demo=True)]}
    for word in COMMANDS:
        own = any(value.startswith(f":{word}") for value in offered)
        assert own or f"goto.{word}" in offered or word in offered or word == "q", word
    assert {f":demo {mode}" for mode in MODES} <= offered
    assert not any(choice.value.startswith(":demo") for choice in lines(demo=False))


async def test_a_command_that_wants_a_word_is_begun_and_any_other_is_done() -> None:
    async with console(downstream="http://127.0.0.1:1") as person:
        await person.goes("3", "dlq")
        await person.press("ctrl+p")
        await until(lambda: isinstance(person.app.screen, Chooser) and person.app.focused is not None)
        await person.types("export")
        await person.sees("Export to a file: CSV, JSON lines  (:export FILE)")
        await person.press("enter")
        await until(lambda: isinstance(person.app.focused, Prompt))
        assert isinstance(person.app.focused, Prompt)
        assert (person.app.focused.value, person.app.focused.cursor_position) == ("export ", len("export "))
        await person.press("escape")
        await until(lambda: not person.app.screen.query(Prompt))
        await person.press("ctrl+p")
        await until(lambda: isinstance(person.app.screen, Chooser) and person.app.focused is not None)
        await person.types("demo heal")
        await person.press("enter")
        await person.told("the downstream does not answer")


def test_every_operation_but_resuming_has_a_key_of_its_own_name() -> None:
    for name, *_ in OPERATIONS:
        assert name in KEYS.keys or name.endswith(".resume")


def test_what_cards_offer_are_actions_with_a_word_for_the_hints() -> None:
    for card in CARDS.values():
        for action in card.verbs:
            assert action in KEYS.keys
            assert action in HINTS


def test_the_cards_that_keys_may_belong_to_are_those_there_are() -> None:
    assert set(keymap.CARDS) == {*CARDS, "overview", "items"}


def test_the_manual_names_every_command() -> None:
    for word in COMMANDS:
        assert f":{word}" in MANUAL
