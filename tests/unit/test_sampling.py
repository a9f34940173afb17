"""A canary's letters are spread: of each sort some, of each sort all hosts, and the ages evenly."""

from datetime import UTC, datetime, timedelta

import msgspec

from graveshift.selection.sampling import spread
from graveshift.wire.dlq import LetterDetail

BEGUN = datetime(2026, 11, 27, tzinfo=UTC)


def letter(n: int, *, cause: str = "1-a", host: str | None = None) -> LetterDetail:
    payload = {"to": {"host": host}} if host else {"n": n}
    return LetterDetail(
        id=f"native:{n}", job_id=f"native:{n}", system="native", queue="mail", kind="send", fingerprint=cause,
        error_type="E", error_message="", died_at=BEGUN + timedelta(minutes=n),
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )  # fmt: skip


def test_every_host_is_tried_before_one_is_tried_twice() -> None:
    letters = [letter(n, host="big.example" if n < 97 else f"small{n}.example") for n in range(100)]
    assert set(spread(letters, 4)) >= {"native:97", "native:98", "native:99"}


def test_many_hosts_of_one_cause_leave_room_for_another_cause() -> None:
    letters = [*(letter(n, host=f"h{n}.example") for n in range(50)), letter(50, cause="1-b")]
    assert "native:50" in spread(letters, 2)


def test_where_no_host_is_named_the_ages_are_spread() -> None:
    assert set(spread([letter(n) for n in range(9)], 3)) == {"native:0", "native:4", "native:8"}
