"""What a fingerprint promises: one cause one name, other causes other names, and no message that can stall it."""

import json
import time
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graveshift.fingerprint import LENGTH_LIMIT, fingerprint, normalise, origin, origin_of

SAME = [
    ("order 1234 not found", "order 99 not found"),
    ("order 12,345 not found", "order 1 not found"),
    ("order #1234 not found", "order #7 not found"),
    ("balance is -12.50", "balance is 3.1"),
    (
        "job 0f8fad5b-d9cb-469f-a165-70867728950e is gone",
        "job 7c9e6679-7425-40de-944b-e07fc1f90ae7 is gone",
    ),
    ("<Session object at 0x7f31c02f9d30> is closed", "<Session object at 0x55ac1> is closed"),
    (
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 missing",
        "commit 1a410efbd13591db07496601ebc7a059dd55cfe9 missing",
    ),
    ("blob a1b2c3d4e5 missing", "blob 9f8e7d6c5b missing"),
    ("no such column 'nmae'", "no such column 'emial'"),
    ('unknown key "colour"', 'unknown key "color"'),
    ("can't open 'a.csv', won't retry", "can't open 'b.csv', won't retry"),
    ("connect to 10.0.0.7:5432 refused", "connect to 192.168.1.20:5433 refused"),
    ("connect to [fe80::1]:5432 refused", "connect to [2001:db8::17]:5432 refused"),
    ("connect to db-3.internal:5432 refused", "connect to db-4.internal:5432 refused"),
    ("connect to localhost:5432 refused", "connect to localhost:6543 refused"),
    (
        "GET https://api.example.com/v1/users/17/orders?page=3 failed",
        "GET https://api.example.com/v1/users/9/orders?page=1 failed",
    ),
    ("POST http://127.0.0.1:41233/hook timed out", "POST http://127.0.0.1:39001/hook timed out"),
    ("mail to ann@example.com bounced", "mail to bob.smith+x@mail.example.org bounced"),
    ("token expired at 2026-11-22T22:00:56.123Z", "token expired at 2025-01-02 03:04:05+00:00"),
    ("certificate expired Sun, 22 Nov 2026 22:00:56 GMT", "certificate expired Mon, 01 Jan 2024 00:00:00 GMT"),
    ("cannot read /srv/uploads/2026/11/22/report-17.csv", "cannot read /srv/uploads/2025/01/02/report-9.csv"),
    ("cannot read /tmp/tmpabcdefgh/x", "cannot read /tmp/tmpzyxwvuts/y"),
    (r"cannot read C:\data\17\a.csv", r"cannot read C:\data\18\b.csv"),
    ("timed out after 30s", "timed out after 1.5 seconds"),
    ("timed out after 250ms", "timed out after 12 minutes"),
    (
        'duplicate key value violates unique constraint "users_email_key"\nDETAIL:  Key (email)=(ann) already exists.',
        'duplicate key value violates unique constraint "users_email_key"\nDETAIL:  Key (email)=(bob) already exists.',
    ),
    (
        "null value in column violates constraint DETAIL: Failing row contains (1, ann, null, x).",
        "null value in column violates constraint DETAIL: Failing row contains (22, bob (jr), null, y z).",
    ),
    ("missing ids: [1, 2, 3]", "missing ids: [4, 5]"),
    ("worker12 lost", "worker7 lost"),
    ("Expecting value: line 1 column 5 (char 4)", "Expecting value: line 20 column 17 (char 913)"),
    ("error in handlers.py:12", "error in handlers.py:97"),
    ("  spaced   out\n\ttext ", "spaced out text"),
]

DIFFERENT = [
    ("connection refused", "connection reset"),
    ("downstream answered 500", "downstream answered 401"),
    ("HTTP 503 from payments", "HTTP 429 from payments"),
    (
        "Client error '404 Not Found' for url 'https://a.example/x'",
        "Client error '403 Forbidden' for url 'https://a.example/x'",
    ),
    ("[Errno 111] Connect call failed", "[Errno 113] Connect call failed"),
    ("status code: 500", "status code: 404"),
    ("GET https://api.example.com/v1/users/17 failed", "GET https://api.example.com/v1/invoices/17 failed"),
    ("GET https://a.example.com/x failed", "GET https://b.example.com/x failed"),
    ("cannot read /srv/uploads/7.csv", "cannot read /srv/exports/7.csv"),
    ("error in handlers.py:12", "error in parsers.py:12"),
    ("Key (email)=(ann) already exists", "Key (phone)=(ann) already exists"),
    ("timed out after 30s", "gave up after 30s"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_cause_has_one_fingerprint(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert fingerprint("ValueError", one) == fingerprint("ValueError", other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_causes_have_different_fingerprints(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)
    assert fingerprint("ValueError", one) != fingerprint("ValueError", other)


def test_type_and_origin_are_part_of_the_cause() -> None:
    prints = {
        fingerprint("ValueError", "x"),
        fingerprint("KeyError", "x"),
        fingerprint("ValueError", "x", "shop.orders:place"),
        fingerprint("ValueError", "x", "shop.orders:cancel"),
    }
    assert len(prints) == 4


def test_a_fingerprint_is_sixteen_hex_digits_and_stays_what_it_was() -> None:
    assert fingerprint("ValueError", "order 7 not found", "shop:place") == "e054a478dbb8975b"


def test_what_varies_is_named_by_its_shape() -> None:
    message = "user 7 (ann@example.com) at 10.0.0.1:80 said 'no' after 3s on 2026-11-22 to 0xdeadbeef"
    assert normalise(message) == "user <n> (<addr>) at <addr> said <str> after <dur> on <time> to <hex>"


def test_words_without_digits_and_apostrophes_are_left_alone() -> None:
    message = "can't connect, don't retry: std::io::Error facade defaced"
    assert normalise(message) == message


@given(st.text(max_size=300))
@settings(max_examples=400, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


PIECES = st.sampled_from(
    [
        "'",
        '"',
        "`",
        "<n>",
        "<id",
        "/",
        "a",
        "7",
        ".",
        ":",
        "@",
        "-",
        " ",
        "x1",
        "ff",
        "0x",
        "://",
        "(",
        ")=(",
        "\n",
        "10.0.0.1",
        "fe80::",
        "2026-11-22",
        "12:30:01",
        "30 s",
        "HTTP 500",
        "404 Not Found",
        "row contains (",
        ",",
        "“",
        "”",
        "é",
        "\ud800",
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=1000, deadline=None)
def test_normalising_twice_changes_nothing_for_text_made_of_traps(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.integers(min_value=0, max_value=10**30), st.integers(min_value=0, max_value=10**30))
def test_no_whole_number_splits_a_cause(one: int, other: int) -> None:
    assert normalise(f"order {one} of account {other} failed") == "order <n> of account <n> failed"


@given(st.uuids(), st.uuids())
def test_no_uuid_splits_a_cause(one: object, other: object) -> None:
    assert normalise(f"gone: {one}") == normalise(f"gone: {other}")


@given(st.text(max_size=200))
def test_no_message_contains_more_than_the_limit_nor_breaks_the_hash(text: str) -> None:
    assert len(fingerprint(text, text, text)) == 16
    assert len(normalise(text * 50)) <= LENGTH_LIMIT


HOSTILE = [
    "a",
    "1",
    "'",
    '"',
    "/",
    "/a",
    "a.",
    "a@",
    "1:",
    "f:",
    "-",
    "<n>",
    "<n>,",
    "(",
    ")=(",
    "://",
    "a://",
    "0x",
    "1,",
    "\n'",
    "a-",
    "1.",
    "é",
    "\x00",
    "row contains (",
    "12:30:",
    "a1",
    "_",
    "+",
    "'a",
    "Mon 1",
    " ",
    "::",
    "1'",
    "'1'",
    "\ud800",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_megabyte_takes_less_than_fifty_milliseconds(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    best = min(_seconds(text) for _ in range(5))
    assert best < 0.05


def _seconds(text: str) -> float:
    began = time.process_time()
    fingerprint("ValueError", text)
    return time.process_time() - began


def _fails_in_a_library() -> None:
    json.loads("{")


def test_the_origin_is_the_innermost_frame_of_ones_own_code() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        _fails_in_a_library()
    assert origin(caught.value.__traceback__) == f"{__name__}:_fails_in_a_library"


def test_compiled_code_of_a_library_is_not_ones_own() -> None:
    library: dict[str, Any] = {"__name__": "lib.query", "__file__": "/usr/lib/site-packages/lib/query.so"}
    exec(compile("def run(): raise KeyError", "lib/query.pyx", "exec"), library)  # noqa: S102 - as a compiler does
    with pytest.raises(KeyError) as caught:
        library["run"]()
    assert origin(caught.value.__traceback__) == f"{__name__}:test_compiled_code_of_a_library_is_not_ones_own"


def test_the_origin_of_no_traceback_is_empty() -> None:
    assert origin(None) == ""
    assert origin_of([]) == ""


def test_where_all_frames_are_libraries_the_innermost_one_tells() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    frames: list[FrameType] = []
    step = caught.value.__traceback__
    while step is not None:
        frames.append(step.tb_frame)
        step = step.tb_next
    library = [frame for frame in frames if "json" in frame.f_code.co_filename]
    assert origin_of(library) == f"json.decoder:{library[-1].f_code.co_qualname}"
