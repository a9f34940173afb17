"""Text that has no room is cut between words, at either end, and never takes more cells than there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from graveshift_tui.format import ending, phrase


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("DeliveryFailed <n> from customer <str>", 29, "DeliveryFailed <n> from…"),
        ("DeliveryFailed <n> from customer", 32, "DeliveryFailed <n> from customer"),
        ("UniqueViolationError duplicate key", 29, "UniqueViolationError…"),
        ("KeyError <str> · report.parse", 26, "KeyError <str> · report.pa…"[:25] + "…"),
        ('{"customer":"acme","host":"api.acme.example"}', 32, '{"customer":"acme","host"…'),
        ("averylongwordthatneverends", 10, "averylong…"),
        ("a b", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_a_beginning_ends_with_a_word_unless_that_costs_a_third(text: str, width: int, shown: str) -> None:
    assert phrase(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("groups › DeliveryFailed <n> from customer", 33, "…DeliveryFailed <n> from customer"),
        ("groups › DeliveryFailed <n> from customer", 25, "…<n> from customer"),
        ("groups › DeliveryFailed", 60, "groups › DeliveryFailed"),
        ("groupsthatneverend", 9, "…neverend"),
        ("abc", 0, ""),
    ],
)
def test_an_ending_begins_with_a_word_unless_that_costs_half(text: str, width: int, shown: str) -> None:
    assert ending(text, width) == shown


@given(st.text(max_size=80), st.integers(0, 40))
def test_neither_takes_more_cells_than_there_are(text: str, width: int) -> None:
    assert cell_len(phrase(text, width)) <= width
    assert cell_len(ending(text, width)) <= max(1, width) or width == 0
