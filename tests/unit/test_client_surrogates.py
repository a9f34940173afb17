"""Payloads with halves of surrogate pairs reach the console byte for byte."""

import json

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.jobs import JobDetail
from graveshift.wire.page import Page
from graveshift_tui.client import ApiError, decode
from tests.screens.fake_client import FakeClient

HALVES = (
    rb'{"a": "\ud800"}',
    rb'{"\uDFFF": ["\uD83D\ude00", "\\ud800", "\\\ud800"], "n": 1.10}',
    rb'"\ude00\ud83d\ud83d\ude00"',
)


def sent(payload: bytes) -> bytes:
    """A letter as the backend sends it."""
    return msgspec.json.encode(replace(FakeClient(letters=1).letters[0], payload=Raw(payload)))


@pytest.mark.parametrize("payload", HALVES)
def test_a_letter_keeps_every_byte_of_its_payload(payload: bytes) -> None:
    letter = decode(sent(payload), LetterDetail)
    assert bytes(letter.payload) == payload
    assert sent(bytes(letter.payload)) == sent(payload)
    assert letter == replace(decode(sent(b"null"), LetterDetail), payload=letter.payload)


@pytest.mark.parametrize("payload", HALVES)
def test_a_job_keeps_them_too(payload: bytes) -> None:
    body = b'{"id":"native:1","system":"native","queue":"q","kind":"k","state":"waiting","payload":' + payload + b"}"
    assert bytes(decode(body, JobDetail).payload) == payload


def test_elsewhere_a_half_reads_as_the_replacement_character() -> None:
    letter = json.loads(sent(b"null"))
    body = json.dumps({"items": [letter | {"error_message": "bad \ud800 text"}], "as_of": "2026-11-22T03:12:41Z"})
    page = decode(body.encode(), Page[Letter])
    assert page.items[0].error_message == "bad \ufffd text"


def test_what_is_no_json_is_still_refused() -> None:
    with pytest.raises(ApiError, match="cannot read"):
        decode(rb'{"a": "\ud800"', LetterDetail)
