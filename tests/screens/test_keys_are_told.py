"""Keymap, help, palette, hints and the manual tell the same keys."""

from pathlib import Path

from graveshift_tui import keymap
from graveshift_tui.keymap import HINTS
from graveshift_tui.screens import CARDS, PLACES
from graveshift_tui.screens.actions import COMMANDS, VERBS
from graveshift_tui.screens.helping import choices, page
from tests.screens.night import OPERATIONS

MANUAL = (Path(__file__).parents[2] / "docs" / "tui.md").read_text()
KEYS = keymap.load()


def test_the_manual_lists_every_key_with_its_action_and_title() -> None:
    for action, key in KEYS.keys.items():
        keys = " ".join(f"`{press}`" for press in key.keys)
        assert f"| {keys} | `{action}` | {key.title} | {', '.join(key.where)} |" in MANUAL


def test_the_manual_lists_no_key_that_is_not_there() -> None:
    told = [line.split("|")[2].strip(" `") for line in MANUAL.splitlines() if line.count("|") == 5 and "| `" in line]
    assert set(told) == set(KEYS.keys)


def test_help_shows_every_key_at_80_columns_and_at_60() -> None:
    for width in (73, 53):
        text = "\n".join("".join(part for part, _ in line) for line in page(KEYS, lambda action: None, width))
        for action in KEYS.keys:
            assert KEYS.all_shown(action)[:12] in text, action


def test_help_says_what_this_token_may_not_do() -> None:
    lines = page(KEYS, lambda action: "no" if action == "dlq.discard" else None, 73)
    told = [part for line in lines for part, _ in line if "(not" in part]
    assert len(told) == 1


def test_the_palette_offers_every_verb_and_every_screen() -> None:
    offered = {choice.value for choice in choices(KEYS, ("screens", *keymap.CARDS), lambda action: None)}
    assert set(VERBS) <= offered
    assert {f"goto.{name}" for name in PLACES} <= offered


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
