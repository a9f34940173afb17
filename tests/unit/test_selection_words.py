"""How a selection is said in a plan."""

from datetime import datetime

import pytest

from graveshift.selection.wording import lasting, which
from graveshift.wire.selection import Filter, Veiled


def test_a_time_with_an_offset_is_said_in_utc() -> None:
    chosen = Filter(queue="parse", died_after=datetime.fromisoformat("2026-11-22T11:00:00+02:00"))
    assert which(chosen) == " in queue parse that died after 2026-11-22 09:00:00Z"


def test_everything_that_a_filter_says_is_said_and_a_secret_only_by_its_place() -> None:
    chosen = Filter(
        queue="parse",
        attempts_min=4,
        requeued_max=1,
        phrases=["reset by peer"],
        contains=[['{"user": 42}', '{"user": "42"}']],
        veiled=[Veiled(["card", "no"], f"hmac:{'0' * 16}-{'a' * 64}")],
        without=[Filter(fingerprint="1-abc"), Filter(text="late")],
    )
    assert which(chosen) == (
        " in queue parse after 4 attempts or more requeued 1 times or fewer"
        ' saying "reset by peer" with {"user": 42} in the payload with a secret card.no,'
        ' but not of cause 1-abc, but not saying "late"'
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(3600, "1h"), (5400, "90m"), (900, "15m"), (2.5, "2.5s"), (61, "61s"), (0, "0s")]
)
def test_a_span_is_told_in_the_greatest_unit_that_it_is_whole_in(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
