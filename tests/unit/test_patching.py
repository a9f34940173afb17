"""A merge patch does what RFC 7386 says, and leaves alone what it does not speak of, byte for byte."""

import json
from typing import Any

import pytest

from graveshift.errors import Invalid
from graveshift.selection.patching import Unpatchable, changes, check_patch, check_payload, patched
from graveshift.wire.plans import Change


@pytest.mark.parametrize(
    ("payload", "patch", "result"),
    [
        ('{"a":"b"}', {"a": "c"}, {"a": "c"}),
        ('{"a":"b"}', {"b": "c"}, {"a": "b", "b": "c"}),
        ('{"a":"b"}', {"a": None}, {}),
        ('{"a":"b","b":"c"}', {"a": None}, {"b": "c"}),
        ('{"a":["b"]}', {"a": "c"}, {"a": "c"}),
        ('{"a":"c"}', {"a": ["b"]}, {"a": ["b"]}),
        ('{"a":{"b":"c"}}', {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ('{"a":[{"b":"c"}]}', {"a": [1]}, {"a": [1]}),
        ('{"e":null}', {"a": 1}, {"e": None, "a": 1}),
        ("{}", {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ('{"a":1}', {"a": {"b": 2, "c": None}}, {"a": {"b": 2}}),
    ],
)
def test_the_examples_of_the_rfc(payload: str, patch: dict[str, Any], result: Any) -> None:
    assert json.loads(patched(payload, patch)) == result


def test_what_a_patch_does_not_speak_of_keeps_its_bytes() -> None:
    kept = ("1.10", "123456789012345678901234567890", '"\\u0000 \\u00e9"', "1e400")
    payload = f'{{ "n": {kept[0]}, "big": {kept[1]}, "odd": {kept[2]},  "deep": {{"x": {kept[3]}, "y": 0}} }}'
    text = patched(payload, {"deep": {"y": 1}})
    assert all(value in text for value in kept)


@pytest.mark.parametrize("patch", [{"a": 1}, {"b": {"c": "x"}}, {"z": None}, {"b": {"z": None}}])
def test_a_patch_that_says_what_is_so_already_changes_no_byte(patch: dict[str, Any]) -> None:
    payload = '{ "a" : 1,  "b": { "c":"x" } }'
    assert patched(payload, patch) is payload


def test_true_is_not_one() -> None:
    assert patched('{"a":1}', {"a": True}) == '{"a":true}'


@pytest.mark.parametrize("payload", ["[1,2]", "7", "null", '"text"'])
def test_what_is_no_object_is_not_replaced_by_the_patch(payload: str) -> None:
    with pytest.raises(Unpatchable, match="no object"):
        patched(payload, {"a": 1})


def test_what_no_patch_could_leave_as_it_is_is_not_patched() -> None:
    with pytest.raises(Unpatchable, match="cannot leave as it is"):
        patched('{"a": "\\ud800"}', {"b": 1})


def test_changes_name_the_value_that_differs() -> None:
    before, after = '{"a":{"b":1,"c":2},"d":[1]}', '{"a":{"b":1,"c":3},"e":"x"}'
    assert changes(before, after) == [Change("a.c", "2", "3"), Change("d", "[1]", None), Change("e", None, '"x"')]
    assert changes("[1]", "[2]") == [Change("payload", "[1]", "[2]")]
    assert changes(before, before) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON: .* in line 1, column 2"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ("[" * 65 + "]" * 65, "no deeper than 64"),
        ("[" * 100_000 + "]" * 100_000, "no JSON that can be kept"),
        ('"' + "x" * 1_000_000 + '"', "at most 1,000,000 bytes"),
        ('"\ud800"', "half a surrogate pair"),
    ],
)
def test_a_payload_that_cannot_be_kept_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        check_payload(text)


def test_a_payload_of_any_kind_is_taken() -> None:
    for text in ("null", "[1, 2]", ' {"a": "\\ud800"} ', "1e400"):
        check_payload(text)


def test_a_patch_that_changes_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="changes nothing"):
        check_patch({})
    deep: dict[str, Any] = {}
    for _ in range(70):
        deep = {"a": deep}
    with pytest.raises(Invalid, match="no deeper"):
        check_patch(deep)
