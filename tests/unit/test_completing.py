"""The word under the cursor, and the keys of payloads that it may become."""

import json
from typing import Any

import pytest

from graveshift.query import terms_of
from graveshift.query.completing import fitting_paths, word_at
from graveshift.query.keys import paths

Found = list[tuple[str, int]]


def found(*documents: Any, hidden: str | None = None) -> Found:
    return paths([json.dumps(one).encode() for one in documents], lambda key: key != hidden)


def written(*documents: Any, hidden: str | None = None) -> list[str]:
    return [path for path, _ in found(*documents, hidden=hidden)]


@pytest.mark.parametrize(
    ("text", "word", "field", "begun"),
    [
        ("payload.us|", "us", "payload", "us"),
        ("queue:a -payload.to.ci|ty=Bern kind:b", "to.city=", "payload", "to.ci"),
        ('payload."a b".c|', '"a b".c', "payload", '"a b".c'),
        ('payload."a b|', '"a b', "payload", '"a b'),
        ('payload."a=b|', '"a=b', "payload", '"a=b'),
        ("payload.user=4|2", "user=42", "payload", "user=4"),
        ("payloa|", "payloa", None, "payloa"),
        ('error:"no such| file" queue:a', '"no such file"', "error", '"no such'),
        ('error:"no su| queue:a', '"no su', "error", '"no su'),
        ('"connection re|', '"connection re', None, '"connection re'),
        ("queue:a |kind:b", "kind:b", None, ""),
    ],
)
def test_blanks_in_quotes_end_no_word_and_a_path_ends_with_its_equals_sign(
    text: str, word: str, field: str | None, begun: str
) -> None:
    at = text.index("|")
    text = text.replace("|", "")
    seen = word_at(text, at)
    assert (text[seen.offset :][: seen.length], seen.field, seen.begun) == (word, field, begun)


def test_a_word_knows_the_text_around_its_term() -> None:
    assert word_at("queue:a -payload.us kind:b", 19).rest.split() == ["queue:a", "kind:b"]
    assert word_at('queue:a payload."b c', 20).rest.split() == ["queue:a"]


def test_paths_lead_to_plain_values_and_those_that_most_have_come_first() -> None:
    one = {"user": {"id": 1, "name": None}, "tags": ["a"], "items": [{"sku": 1}, {"n": 2}], "empty": {}, "none": []}
    assert found(one, {"user": {"id": "x"}}, [1], 5) == [
        ("user.id=", 2),
        ("items[].n=", 1),
        ("items[].sku=", 1),
        ("tags[]=", 1),
        ("user.name=", 1),
    ]
    assert paths([b"{broken", b"\xff", b'{"\\ud800": 1}'], lambda key: True) == []


def test_every_path_is_one_that_the_language_reads() -> None:
    hostile = {
        'a "quoted" key': 1,
        "a.b": {"c=d": 1, "e[]": [1], "": 2},
        "back\\slash": 1,
        "übermäßig": 1,
        "-minus": 1,
        "key:colon": 1,
        "漢字": 1,
    }
    shown = written(hostile)
    assert len(shown) == 9
    for path in shown:
        (term,) = terms_of(f"payload.{path}1")
        at: Any = hostile
        for key in term.path:
            at = at[key.name]


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "a\0b", "\u202eeman", "zero\u200bwidth", "k" * 81])
def test_a_key_that_no_line_can_hold_is_left_out_with_all_below_it(name: str) -> None:
    assert written({name: 1, "deep": {name: {"below": 1}}, "good": 1}) == ["good="]


def test_a_key_that_may_not_be_shown_is_left_out() -> None:
    assert written({"users": {"ana@example.org": {"n": 1}}, "n": 1}, hidden="ana@example.org") == ["n="]


def test_a_payload_without_end_costs_no_more_than_its_first_keys() -> None:
    assert len(written({f"k{n}": n for n in range(5_000)})) == 100
    deep: Any = 1
    for _ in range(50):
        deep = {"d": deep}
    assert written(deep, {"wide": [{"a": 1}] * 5_000}) == ["wide[].a="]


def test_paths_fit_what_was_begun_quoted_or_not() -> None:
    every = found({"user": {"id": 1}, "User name": 1, "other": 1})
    for begun, fit in (
        ("us", ["user.id=", '"User name"=']),
        ('"us', ["user.id=", '"User name"=']),
        ("user.", ["user.id="]),
        ("user.id=4", []),
        ("x", []),
    ):
        assert [path for path, _ in fitting_paths(word_at(f"payload.{begun}", 99), every)] == fit, begun
    assert word_at("payload.user.id=4", 99).in_value
    assert not word_at('payload."a=b', 99).in_value
