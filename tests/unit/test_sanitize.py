"""Nothing but printable characters leaves `clean`, whatever goes in."""

from hypothesis import given
from hypothesis import strategies as st

from graveshift_tui.sanitize import clean, clean_lines
from tests.screens.hostile import HOSTILE


@given(st.text(st.characters(), max_size=80))
def test_whatever_goes_in_only_printable_text_comes_out(text: str) -> None:
    assert clean(text).isprintable()


@given(st.text(st.characters(), max_size=80), st.integers(min_value=1, max_value=20))
def test_a_limit_holds_even_where_escapes_make_text_longer(text: str, limit: int) -> None:
    assert len(clean(text, limit)) <= limit


def test_ten_hostile_strings_are_shown_as_escapes() -> None:
    for text in HOSTILE:
        assert clean(text).isprintable()
    assert clean("\x1b]0;owned\x07") == "\\x1b]0;owned\\x07"
    assert clean("a\u202eb") == "a\\u202eb"


def test_plain_text_is_left_alone() -> None:
    for text in ("plain", "Grüße 東京", "[/red]", "e\u0301t\u0301"):
        assert clean(text) == text


def test_stacked_marks_are_cut_to_two() -> None:
    assert clean("x" + "\u0301" * 50) == "x\u0301\u0301"


def test_a_huge_hostile_text_is_cut_before_it_is_cleaned() -> None:
    assert len(clean("\x1b" * 10_000_000, 40)) == 40


def test_many_lines_stay_lines_and_say_where_they_were_cut() -> None:
    assert clean_lines("a\tb\r\nc\x1b") == ["a    b", "c\\x1b"]
    assert clean_lines("x\n" * 10, limit=3) == ["x", "x", "x", "… cut here"]
