"""Where the cursor rests on a cause, the pane explains it: facets, what was done, who is on it, what to read."""

from datetime import timedelta

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

from graveshift.wire.groups import Claim, Facet, FacetValue, Group, GroupDetail, Note, Requeued, RunbookLink, Sample
from graveshift.wire.plans import Forecast
from graveshift.wire.runbooks import Runbook
from graveshift_tui.screens.causes import told
from graveshift_tui.screens.groups import cause, told_apart
from graveshift_tui.screens.runbooks import nodes
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.paint import Line, width_of
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.screens.test_cause_words import CAUSE
from tests.waiting import until

FACETS = [
    Facet("payload.host", [FacetValue("api.acme.com", 352, 0.88), FacetValue("hooks.foo.io", 44, 0.11)], more=14),
    Facet("version", [FacetValue("v142", 400, 1.0)]),
]
TAKES = Forecast(duration_s=5_700, rate=50, wal_bytes=751_000_000, free_bytes=41_000_000_000, undo_window_s=10)
LAST = Requeued(run_id="81", at=START - timedelta(minutes=40), by="ben", moved=100, whole=100, done=8, died=92)
KNOWN = replace(
    CAUSE,
    may_have_arrived="ConnectTimeout",
    runbook=RunbookLink("Upstream failing", "upstream-failing"),
    claim=Claim("ben", START - timedelta(minutes=5)),
    note=Note("calling the bank", "ben", START - timedelta(minutes=5)),
)


def explained(group: Group) -> GroupDetail:
    place = "deliver.py:41 post > httpx.ConnectTimeout"
    sample = Sample(job_id="native:1", payload='{"host":"api.acme.com","key":"***"}', place=place)
    return GroupDetail(
        **asdict(group),
        facets=FACETS,
        sampled=400,
        requeues=[LAST],
        rate_per_s=50,
        samples=[sample],
        forecast=TAKES,
    )


class Explains(FakeClient):
    """It knows all of a cause."""

    async def one(self, resource: str, id: str) -> Struct:
        found = await super().one(resource, id)
        return explained(found) if isinstance(found, Group) else found


def words(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_all_that_is_known_is_said() -> None:
    said = words(told(explained(KNOWN), At(80, START)))
    for expected in (
        "by host     api.acme.com 88%   hooks.foo.io 11%   14 more",
        "by version  v142 100%",
        "before      100 requeued 40m ago by ben, 92% died again",
        "delivery    MAY HAVE ARRIVED: ConnectTimeout; the same job id is sent again",
        "owner       ben for 5m   runbook Upstream failing (o)",
        "note        calling the bank  (ben, 5m ago)",
        'sample      {"host":"api.acme.com","key":"***"}',
        "PLAN R      300,412 at 50/s = 1h35m   log 751 MB of 41.0 GB free   undo 10s",
    ):
        assert expected in said


def test_what_was_never_done_and_nobody_did_is_said_too() -> None:
    said = words(told(replace(explained(CAUSE), requeues=[], samples=[], facets=[]), At(80, START)))
    assert "before      never requeued" in said
    assert "owner       nobody   n to claim" in said
    again = replace(explained(CAUSE), requeues=[], died_again=3)
    assert "before      never requeued as this cause" in words(told(again, At(80, START)))
    assert "MAY HAVE ARRIVED" not in said
    assert "before" not in words(told(replace(explained(CAUSE), requeues=None), At(80, START)))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_line_fits_whatever_is_in_it(width: int) -> None:
    long = "\x1b]52;c;aGk=\x07" + "word " * 90
    hostile = replace(
        explained(KNOWN),
        note=Note(long, long, START),
        claim=Claim(long, START),
        facets=[Facet("payload." + "x" * 90, [FacetValue(long, 3, 0.5)] * 5, more=2)],
        samples=[Sample(job_id="native:1", payload=long, place=long)],
    )
    assert max(width_of(line) for line in told(hostile, At(width, START))) <= width


def test_who_is_on_a_cause_stands_before_it() -> None:
    assert told_apart(KNOWN).startswith("@ben ConnectTimeout")


def test_a_split_cause_is_told_apart_by_the_value_in_a_list_and_by_the_field_elsewhere() -> None:
    split = replace(CAUSE, split="customer.id=acme")
    assert told_apart(split).startswith("ConnectTimeout [acme] ")
    assert cause(split).startswith("ConnectTimeout [customer.id=acme] ")
    assert told_apart(CAUSE).startswith(cause(CAUSE))


def test_a_runbook_breaks_its_lines_between_words() -> None:
    page = Runbook("a", "a", "A", "one two three " * 30)
    lines = ["".join(text for text, _ in node.head) for node in nodes(page, At(60, START))]
    assert len(lines) > 3
    assert all(line.strip().endswith(("one", "two", "three")) for line in lines)


async def test_the_pane_explains_the_cause_under_the_cursor_and_nothing_breaks() -> None:
    async with console(client=Explains()) as person:
        await person.press("2")
        await until(lambda: "by host" in person.text and "92% died again" in person.text)
        assert "internal fault" not in person.toasts


async def test_n_asks_how_long_and_claims_the_cause() -> None:
    async with console(client=Explains()) as person:
        await person.press("2")
        await until(lambda: "by host" in person.text)
        await person.press("n")
        await until(lambda: "Claim this cause" in person.text)
