"""A payload as a document: whole for what is short, and of what is long no more than is looked at."""

import json
import time

import pytest

from graveshift_tui.widgets.payload import AT_FIRST, TOO_BIG, json_nodes
from graveshift_tui.widgets.tree import flatten, shut

FLAT = json.dumps({f"key{n}": n for n in range(25_000)}).encode()
DEEP = json.dumps({"items": [{"id": n, "name": "ana", "tags": ["a", "b"]} for n in range(9_000)]}).encode()
WIDE = json.dumps({f"a{n}": {f"b{m}": {"c": m} for m in range(40)} for n in range(40)}).encode()


def lines(raw: bytes, *, opened: bool = False) -> list[str]:
    """What shows at first, or with everything open."""
    nodes = json_nodes("payload", raw)
    turned = frozenset(shut(nodes)) if opened else frozenset()
    return ["".join(text for text, _ in flat.line) for flat in flatten(nodes, turned)]


def test_a_short_payload_is_whole_and_keeps_its_digits_and_double_keys() -> None:
    assert lines(b'{"n": 236.1900000000000000, "n": [], "to": {"city": "Bern"}}') == [
        "{", '  "n": 236.1900000000000000,', '  "n": [],', '  "to": {', '    "city": "Bern"', "  }", "}",
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [FLAT, DEEP, WIDE])
def test_what_is_long_is_folded_in_parts_and_nothing_is_lost_when_they_are_opened(raw: bytes) -> None:
    shown = lines(raw)
    assert len(shown) <= 2 * AT_FIRST
    whole = [line.strip() for line in lines(raw, opened=True)]
    every = "".join(line for line in whole if not line.startswith("+ "))
    assert json.loads(every) == json.loads(raw)


def test_the_parts_say_how_many_they_have() -> None:
    shown = [line.strip() for line in lines(FLAT) if "more" in line]
    assert shown[:1] + shown[-1:] == ["+ 1,000 more fields", "+ 800 more fields"]
    assert any(line.strip() == "+ 1,000 more items" for line in lines(DEEP))


@pytest.mark.parametrize("raw", [FLAT, DEEP, WIDE])
def test_half_a_megabyte_takes_a_moment_once_and_nothing_after_that(raw: bytes) -> None:
    assert len(raw) < TOO_BIG
    json_nodes.cache_clear()
    started = time.process_time()
    nodes = json_nodes("payload", raw)
    list(flatten(nodes, frozenset()))
    once = time.process_time() - started
    assert once < 0.5, once
    again = bytes(bytearray(raw))
    started = time.process_time()
    assert json_nodes("payload", again) is nodes
    assert time.process_time() - started < 0.05


@pytest.mark.parametrize("value", ['"lorem ipsum dolor ', '{"a": ["x", {"deep": 12}], '])
def test_of_what_is_too_big_the_beginning_is_laid_out_as_far_as_it_is_said_to_be(value: str) -> None:
    raw = ('{"text": [' + value * (3_000_000 // len(value))).encode()
    shown = lines(raw, opened=True)
    assert shown[0] == f"{len(raw):,} bytes, the first {TOO_BIG:,}:"
    said = sum(len(line.strip()) for line in shown[1:] if not line.lstrip().startswith("+ "))
    cut = [line for line in shown if line.endswith(" more characters")]
    assert said > TOO_BIG // 2 or cut
    assert shown[1:4] == ["{", '  "text": [', "    " + ("{" if value.startswith("{") else shown[3].strip())]


def test_what_is_hostile_is_harmless_however_it_is_shown() -> None:
    nasty = '{"\\u202ekey": "\\u001b[2J", "raw": "' + "\x9b31m\u202e" * 90_000 + '"}'
    for raw in (nasty[:2_000].encode(), nasty.encode()):
        assert all(line.isprintable() for line in lines(raw, opened=True))
