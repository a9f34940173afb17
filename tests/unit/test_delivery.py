"""What may have arrived is told from what surely did not; patterns of one's own are checked at the start."""

from pathlib import Path
from time import monotonic

import pytest

from graveshift.delivery import delivery_of
from graveshift.drivers.postgres.sweeping import CRASHED, CRASHED_TEXT, POISON, POISON_TEXT
from graveshift.errors import SettingsError
from graveshift.patterns import LOOKED_AT, Pattern, checked
from graveshift.rules import MAY_HAVE_ARRIVED
from graveshift.settings import load
from graveshift.worker.failures import message_of, qualified
from graveshift.worker.job import TimeLimitExceeded

SHIPPED = delivery_of(MAY_HAVE_ARRIVED)


@pytest.mark.parametrize(
    ("error_type", "message", "said"),
    [
        ("httpx.ConnectTimeout", "POST https://api.acme.com/hook after 30s", "ConnectTimeout"),
        ("httpx.ReadTimeout", "", "ReadTimeout"),
        ("TimeoutError", "", "TimeoutError"),
        ("smtplib.SMTPServerDisconnected", "Connection unexpectedly closed", "ServerDisconnected"),
        ("ConnectionResetError", "[Errno 104] Connection reset by peer", "ConnectionResetError"),
        ("app.GatewayError", "the bank answered 504 Gateway Timeout", "Timeout"),
        ("requests.exceptions.ConnectionError", "Connection reset by peer", "Connection reset by peer"),
        ("app.BankError", "deadline exceeded while paying", "deadline exceeded"),
        ("app.BankError", "the request\ntimed  out", "timed out"),
        (CRASHED, CRASHED_TEXT, "WorkerCrashed"),
        (POISON, POISON_TEXT, "poison"),
        (qualified(TimeLimitExceeded(3)), message_of(TimeLimitExceeded(3)), "TimeLimitExceeded"),
    ],
)
def test_what_was_cut_off_may_have_arrived(error_type: str, message: str, said: str) -> None:
    assert SHIPPED.may_have_arrived(error_type, message) == said


@pytest.mark.parametrize(
    ("error_type", "message"),
    [
        ("KeyError", "'iban'"),
        ("sqlalchemy.exc.IntegrityError", "duplicate key value violates unique constraint orders_uniq"),
        ("ConnectionRefusedError", "[Errno 111] Connection refused"),
        ("socket.gaierror", "Name or service not known"),
        ("app.HttpError", "401 Unauthorized from partner-x"),
        ("ValueError", "the timetable is empty"),
        ("buried", "buried by hand"),
        ("", ""),
    ],
)
def test_what_says_why_it_failed_did_not_arrive(error_type: str, message: str) -> None:
    assert SHIPPED.may_have_arrived(error_type, message) is None


def test_without_patterns_nothing_is_said() -> None:
    assert delivery_of([]).may_have_arrived("TimeoutError", "timed out") is None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "is no pattern"),
        ("", "1 to 200 characters"),
        ("x" * 201, "1 to 200 characters"),
        ("a*", "matches everything"),
        ("(a|a)*b", "takes too long"),
        (r"(foo|foo)+bar", "takes too long"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_file_and_key(tmp_path: Path, pattern: str, why: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"delivery: {{may_have_arrived: ['fine', '{pattern}']}}")
    with pytest.raises(SettingsError) as refused:
        load(own, {})
    assert f"{own}: delivery.may_have_arrived[1]: " in str(refused.value)
    assert why in str(refused.value)


def test_every_shipped_pattern_passes_its_own_check() -> None:
    for pattern in MAY_HAVE_ARRIVED:
        checked(pattern)


def test_a_search_is_given_up_in_time_and_has_found_nothing() -> None:
    began = monotonic()
    hard = Pattern(r"(x+x+)+y")
    assert hard.found("x" * 500) is None
    assert hard.replaced("x" * 500, "-") == "x" * 500
    assert monotonic() - began < 5


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    late = " " * LOOKED_AT + "timed out"
    assert Pattern("timed out").found(late) is None
    assert Pattern("timed out").replaced(late, "-") == late


def test_what_replaces_is_taken_as_it_stands() -> None:
    assert Pattern(r"(\d+)").replaced("order 17", r"\1<n>") == r"order \1<n>"
