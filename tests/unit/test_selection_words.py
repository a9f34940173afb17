"""How a selection is said in a plan."""

from datetime import datetime

from graveshift.selection.wording import which
from graveshift.wire.selection import Filter


def test_a_time_with_an_offset_is_said_in_utc() -> None:
    chosen = Filter(queue="parse", died_after=datetime.fromisoformat("2026-11-22T11:00:00+02:00"))
    assert which(chosen) == " in queue parse that died after 2026-11-22 09:00:00Z"
