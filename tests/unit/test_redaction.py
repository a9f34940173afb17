"""What redaction promises: secrets go, everything else keeps its bytes, and no payload can break or stall it."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graveshift.errors import SettingsError
from graveshift.redaction import Redaction
from graveshift.redaction.looks import adds_up, is_card_number, is_iban
from graveshift.redaction.names import SHIPPED_NAMES

SHIPPED = Redaction()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SECRET_NAMES = (
    "password db_password userPassword API-KEY x-api-key Authorization accessToken user_pin iban cardNumber ssn"
)
PLAIN_NAMES = "discard shipping max_tokens tokenised passport author keyboard id user company spinner secretary"
LOOKS = [
    ("Bearer abcdefgh12345", "Bearer ***"),
    ("login failed password=hunter<n>zz", "login failed password=***"),
    (JWT, "***"),
    (f"jwt {JWT} refused", "jwt *** refused"),
    ("AKIAIOSFODNN7EXAMPLE", "***"),
    ("postgres://ana:s3cret@db:5432/x", "postgres://ana:***@db:5432/x"),
    ("redis://:s3cret@cache/0", "redis://:***@cache/0"),
    ("paid with 4111 1111 1111 1111 today", "paid with *** today"),
    ("paid with 4111111111111111.", "paid with ***."),
    ("DE89 3704 0044 0532 0130 00", "***"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter", "***\nafter"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE cut off", "***"),
    ("ALTER ROLE ana PASSWORD 'x'", "ALTER ROLE ana PASSWORD '***'"),
    ("login failed: password=hunter2, user=ana", "login failed: password=***, user=ana"),
    ("{'password': 'hunter2', 'user': 'ana'}", "{'password': '***', 'user': 'ana'}"),
    ('{"token": "abc", "n": 1}', '{"token": "***", "n": 1}'),
    ("Authorization: Basic YTpi", "Authorization: ***"),
    ("curl --password hunter2 http://x", "curl --password *** http://x"),
    ("GET /x?user=1&token=abc HTTP/1.1", "GET /x?user=1&token=*** HTTP/1.1"),
    ("refused: password=hunter2", "refused: password=***"),
    ("Key (iban)=(XX12) already exists.", "Key (iban)=(***) already exists."),
    ("data['password'] = 'x'", "data['password'] = '***'"),
]
PLAIN = [
    "Access denied for user 'ana' (using password: YES)",
    "no session with token=<str> in <path>",
    "Unexpected token: < in JSON",
    "KeyError: 'iban'",
    "Basic authentication failed",
    "order 4111111111111112 not found",
    "1790000000000 ms since",
    "https://example.com:8443/a?x=a@b",
    "column 'password' does not exist",
    '  File "a.py", line 3, in f\n    login(token=self.token, password=password, key=key)\n',
]
HOSTILE = [
    '"' + "a" * 10**6 + '"',
    "[" * 500_000 + "]" * 500_000,
    '{"a":' * 200_000,
    '{"token":[' * 100_000,
    "9" * 10**6,
    '"' + " eyJ" * 250_000 + '"',
    '"' + "4 " * 500_000 + '"',
    '"' + "-----BEGIN RSA PRIVATE KEY-----" * 30_000 + '"',
    '"' + "://a:b" * 160_000 + '"',
    '"' + "a='" * 300_000 + '"',
    '"' + "password=x " * 90_000 + '"',
    '"' + "AA11 " * 200_000 + '"',
    '"' + "\\\\" * 500_000 + '"',
    "[" + ",".join(['""'] * 300_000) + "]",
]


def shown(payload: str, redaction: Redaction = SHIPPED) -> str:
    return redaction.payload(payload.encode()).decode()


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_the_value_of_a_secret_name_is_masked_at_any_depth(name: str) -> None:
    assert (
        shown(f'[{{"a": {{"{name}" : {{"x": [1, "}}"]}}, "b": 1.10}}}}]')
        == f'[{{"a": {{"{name}" : "***", "b": 1.10}}}}]'
    )
    assert shown(f'{{"{name}":"x\\"y","b":2}}') == f'{{"{name}":"***","b":2}}'
    assert shown(f'{{"{name}": 4711 }}') == f'{{"{name}": "***" }}'


@pytest.mark.parametrize("name", PLAIN_NAMES.split())
def test_a_name_that_only_resembles_a_secret_stays(name: str) -> None:
    assert shown(f'{{"{name}":"x"}}') == f'{{"{name}":"x"}}'


@pytest.mark.parametrize("value", ["null", "true", "false", '""'])
def test_what_gives_nothing_away_stays(value: str) -> None:
    assert shown(f'{{"password": {value}}}') == f'{{"password": {value}}}'


@pytest.mark.parametrize(("plain", "masked"), LOOKS)
def test_what_looks_like_a_secret_is_masked_in_texts_and_in_strings(plain: str, masked: str) -> None:
    assert SHIPPED.text(plain) == masked
    assert SHIPPED.text(masked) == masked
    for written in (json.dumps(plain), json.dumps(plain).replace("/", "\\/")):
        assert json.loads(shown(f'{{"text": {written}}}'))["text"] == masked
    if "'" not in masked and "cut off" not in plain:
        inner = json.loads(shown(json.dumps({"body": json.dumps({"text": plain})})))["body"]
        assert json.loads(inner)["text"] == masked


@pytest.mark.parametrize("plain", PLAIN)
def test_what_is_plain_stays(plain: str) -> None:
    assert SHIPPED.text(plain) == plain
    assert shown(json.dumps([plain])) == json.dumps([plain])


def test_escapes_hide_nothing() -> None:
    assert shown('{"p\\u0061ssword": "x"}') == '{"p\\u0061ssword": "***"}'
    assert shown('"\\u0065' + JWT[1:] + '"') == '"***"'
    assert shown('"\\n' + JWT + '"') == '"\\n***"'


def test_card_numbers_are_masked_where_they_are_numbers_and_other_numbers_stay() -> None:
    assert shown('{"a": 4111111111111111, "b": 4111111111111112}') == '{"a": "***", "b": 4111111111111112}'
    assert shown('[4111111111111111.0, 4111111111111111e0, {"a": 4111111111111111.25E+3}]') == (
        '["***", "***", {"a": "***"}]'
    )
    assert is_card_number("378282246310005")
    assert not is_card_number("1790000000000000")
    assert adds_up("4242-4242-4242-4242")
    assert is_iban("GB82 WEST 1234 5698 7654 32")


def test_all_else_keeps_its_bytes_order_and_doubled_keys() -> None:
    raw = (
        b' {"n": 1.10, "big": 123456789012345678901234567890, "e": 1E400, "s": "\\ud800", "a": 1, "a": 2, "x": "\xc3"} '
    )
    assert SHIPPED.payload(raw) is raw
    assert SHIPPED.payload(raw.replace(b'"a": 2', b'"pin": 2')) == raw.replace(b'"a": 2', b'"pin": "***"')
    assert SHIPPED.payload(b'{"pin": 1, "\xff": "\xfe"}') == b'{"pin": "***", "\xff": "\xfe"}'


def test_lone_surrogates_survive_beside_what_is_masked() -> None:
    assert shown('"\\ud800 token=abc"') == '"\\ud800 token=***"'
    assert SHIPPED.text("\ud800 token=abc") == "\ud800 token=***"


@pytest.mark.parametrize(
    ("path", "payload", "masked"),
    [
        ("customer.name", '{"customer":{"name":"x"},"name":"y"}', '{"customer":{"name":"***"},"name":"y"}'),
        ("payload.a.b", '{"a":{"b":1},"c":{"a":{"b":1}}}', '{"a":{"b":"***"},"c":{"a":{"b":1}}}'),
        ("users.mail", '{"users":[{"mail":"x"},[{"mail":"y"}]]}', '{"users":[{"mail":"***"},[{"mail":"***"}]]}'),
        ("a.*.c", '{"a":{"x":{"c":1},"y":{"d":{"c":2}}}}', '{"a":{"x":{"c":"***"},"y":{"d":{"c":2}}}}'),
        ("*.mail", '{"x":{"mail":1,"y":{"mail":2}}}', '{"x":{"mail":"***","y":{"mail":2}}}'),
    ],
)
def test_a_path_leads_from_the_top_through_lists_and_over_any_name(path: str, payload: str, masked: str) -> None:
    assert shown(payload, Redaction([path], [])) == masked


def test_an_exception_is_never_secret_by_a_single_name() -> None:
    redaction = Redaction(["shipped", "!csrf_token"], [])
    assert shown('{"csrf_token":"a","token":"b"}', redaction) == '{"csrf_token":"a","token":"***"}'


def test_own_patterns_mask_what_they_find_or_the_group_called_secret() -> None:
    redaction = Redaction([], [r"cust-\d+", r"^door (?P<secret>\w+)$"])
    assert redaction.text("cust-12 and 4111111111111111") == "*** and 4111111111111111"
    assert shown('["door 12", "a door 12", "cust-1"]', redaction) == '["door ***", "a door 12", "***"]'


PAIRS = [
    ('{"name": "Authorization", "value": "abc"}', '{"name": "Authorization", "value": "***"}'),
    ('{"value": [1, {"a": 2}], "Key": "api_key"}', '{"value": "***", "Key": "api_key"}'),
    ('[{"k": "token", "v": 17}, {"k": "host", "v": "x"}]', '[{"k": "token", "v": "***"}, {"k": "host", "v": "x"}]'),
    ('{"header": "x\\u002dapi-key", "value": "abc", "n": 1}', '{"header": "x\\u002dapi-key", "value": "***", "n": 1}'),
    ('{"name": "token", "value": null}', '{"name": "token", "value": null}'),
    (
        '{"name": "host", "of": {"name": "token"}, "value": "x"}',
        '{"name": "host", "of": {"name": "token"}, "value": "x"}',
    ),
    ('{"name": "token", "value": {"name": "pin", "value": 1}}', '{"name": "token", "value": "***"}'),
    (
        '{"headers": [["authorization", "abc"], ["host", "x"]]}',
        '{"headers": [["authorization", "***"], ["host", "x"]]}',
    ),
    ('[ "Cookie" , 17 ]', '[ "Cookie" , "***" ]'),
    ('["token", "b", "c"]', '["token", "b", "c"]'),
    ('["token"]', '["token"]'),
    ('{"fields": ["name", "password", "pin"]}', '{"fields": ["name", "password", "pin"]}'),
]


@pytest.mark.parametrize(("payload", "masked"), PAIRS)
def test_the_value_beside_the_name_of_a_secret_is_masked_in_pairs(payload: str, masked: str) -> None:
    assert shown(payload) == masked
    assert shown(masked) == masked


@pytest.mark.parametrize(
    "payload",
    [
        '{"name":"token","value":' * 40_000,
        '{"name":"token","value":' * 40_000 + "1" + "}" * 40_000,
        '["token",' * 110_000 + "1" + ",2]" * 110_000,
        '{"name":"token"' + ',"value":1' * 90_000 + "}",
        "[" + ",".join(['{"name":"host","value":"a: b"}'] * 30_000) + ',["token","x"]]',
    ],
)
def test_hostile_pairs_take_no_longer_than_their_length(payload: str) -> None:
    began = time.process_time()
    shown(payload)
    assert time.process_time() - began < 5


def test_a_text_that_reads_like_a_key_is_none() -> None:
    payload = '{"password": "a", "note": "password", "said": "is \\"password\\": b", "more": ["password", 1, 2]}'
    assert shown(payload) == payload.replace('"a"', '"***"').replace('\\": b', '\\": ***')


def test_many_keys_are_secret_at_once() -> None:
    given = {f"k{n}_token": "x" for n in range(100)}
    assert json.loads(shown(json.dumps(given))) == dict.fromkeys(given, "***")


def test_where_it_is_off_everything_is_shown() -> None:
    off = Redaction(enabled=False)
    assert (shown('{"password":"x"}', off), off.text("password=x")) == ('{"password":"x"}', "password=x")


@pytest.mark.parametrize(
    ("paths", "patterns", "said"),
    [
        (["..."], [], "redaction.paths: '...'"),
        ([""], [], "redaction.paths: ''"),
        (["!a.b"], [], "redaction.paths: '!a.b'"),
        ([], ["("], "redaction.patterns: '(' is no regular expression"),
        ([], ["x*"], "redaction.patterns: 'x*' finds something in an empty text"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(paths: list[str], patterns: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        Redaction(paths, patterns)


@pytest.mark.parametrize(
    "broken", ["", '{"password"', '{"password":', "}}]]", '"abc', '{"token":"abc', '{"token":[1', "\\"]
)
def test_broken_json_breaks_nothing(broken: str) -> None:
    assert "abc" not in shown(broken).replace('"abc', "", broken == '"abc')


@pytest.mark.parametrize("payload", HOSTILE, ids=[one[:12] for one in HOSTILE])
def test_a_hostile_megabyte_takes_seconds_at_the_very_most(payload: str) -> None:
    """A quadratic scan of one of these would take minutes."""
    started = time.process_time()
    shown(payload)
    SHIPPED.text(payload)
    assert time.process_time() - started < 10


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["password", "token", "a"]), inner),
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_json_stays_json_with_its_shape_and_is_masked_but_once(value: object) -> None:
    once = SHIPPED.payload(json.dumps(value).encode())
    assert SHIPPED.payload(once) == once
    assert _alike(value, json.loads(once))


def _alike(before: object, after: object) -> bool:
    """The same things in the same places, except where now a text with `***` is."""
    if isinstance(after, str) and "***" in after:
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        return list(before) == list(after) and all(_alike(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_alike, before, after))
    return before == after


def test_every_shipped_name_stands_in_the_settings_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    assert not [name for name in SHIPPED_NAMES if f"`{name}`" not in page]
