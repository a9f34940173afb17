"""`graveshift get groups ID` prints one cause in full, whatever its parts are called."""

from datetime import UTC, datetime

from msgspec.structs import replace

from graveshift.wire.groups import Facet, FacetValue, GroupDetail, Part, Requeued, Sample
from graveshift.wire.plans import Forecast
from graveshift_tui.commands.tables import page_of, table

AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
GROUP = GroupDetail(
    id="native:hooks%2Fpost%2Ff1", fingerprint="f1", system="native", queue="hooks", kind="post",
    error_type="ConnectTimeout", message="POST /hook", dead=300_412, retrying=9, queues=[Part("hooks", 300_421)],
    kinds=[Part("post", 300_421)], facets=[Facet("payload.host", [FacetValue("api.acme.com", 132, 0.88)], more=3)],
    sampled=150, sample="the newest 100 letters, and 50 spread over the time before",
    samples=[Sample(job_id="native:1", payload='{"host":"api.acme.com"}', place="deliver.py:41 post > X")],
    requeues=[Requeued(run_id="81", at=AT, by="ben", moved=100, whole=100, done=8, died=92)], rate_per_s=50.0,
    forecast=Forecast(duration_s=6_100, rate=50, wal_bytes=751_000_000, undo_window_s=10),
)  # fmt: skip


def test_a_cause_in_full_names_its_queues_facets_sample_and_what_was_done() -> None:
    said = "\n".join(page_of(GROUP))
    for word in ("NAME   N", "hooks  300,421", "payload.host  api.acme.com 132 88%", "deliver.py:41 post > X", "ben",
                 "WAL BYTES", "751,000,000"):  # fmt: skip
        assert word in said


def test_a_cause_of_which_nothing_more_is_known_is_printed_too() -> None:
    bare = GroupDetail(id="a", fingerprint="f", system="s", queue="q", kind="k", error_type="E", message="m", dead=0)
    assert "DEAD" in "\n".join(page_of(bare))


def test_shares_are_told_in_percent() -> None:
    lines = list(table(("id", "share"), [replace(GROUP, share=part) for part in (0.8, 0.004, 0.9999, 1.0, None)], None))
    assert [line.split()[-1] for line in lines] == ["SHARE", "80%", "<1%", "99%", "100%", "·"]
