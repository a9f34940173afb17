"""Payloads and patches from the command line, and a plan that is told whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from graveshift.wire.plans import Breakdown, Caution, Change, Confirm, Effect, Forecast, Plan, Sample, Share
from graveshift_tui.commands.acting import plan_lines
from tests.command_line import graveshift
from tests.small_backend import SmallBackend

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAN = Plan(
    id="p1",
    operation="dlq.requeue",
    args={"selection": {"all": True}},
    count=4112,
    count_is_exact=True,
    arrived_since=0,
    cutoff=NOON,
    effects=[Effect("4,112 letters", "back to waiting")],
    confirm=Confirm.YES,
    phrase=None,
    expires_at=NOON,
    parts=[
        Breakdown("queue", [Share("mail", 4000), Share("parse", 112)]),
        Breakdown("group", [Share("f", 9, "E: no")], 14),
    ],
    warnings=[
        Caution(code="key-taken", n=2, words="hold a unique key that another job has: they stay letters"),
        Caution(code="delivery", n=7, of=2000, words="may have arrived (ReadTimeout): the same job id is sent again"),
        Caution(code="paused", n=5, words="queue mail is paused"),
        Caution(code="disk", words="it needs about 2.0 GB of disk, and 1.0 GB are free"),
    ],
    samples=[Sample("native:1-1", [Change("to", None, '"a@b"')]), Sample("native:1-2", [], "its payload is no object")],
    forecast=Forecast(
        duration_s=82.0, rate=50.0, first_rate=10.0, wal_bytes=10_000_000, disk_bytes=3_000_000,
        free_bytes=41_000_000_000, undo_window_s=10,
    ),
)  # fmt: skip


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SmallBackend]:
    with SmallBackend(tmp_path).running() as small:
        yield small


def test_a_plan_tells_what_it_foresees() -> None:
    said = "\n".join(plan_lines(PLAN))
    for line in (
        "  ! 2 of these hold a unique key",
        "  ! 7 of a sample, the oldest 2,000 of 4,112, may have arrived (ReadTimeout)",
        "  ! queue mail is paused (5 of these)",
        "  ! it needs about 2.0 GB of disk",
        '  to  nothing -> "a@b"',
        "  stays as it is: its payload is no object",
        "  by queue  mail 4,000, parse 112",
        "  by group  E: no 9 and 14 more",
        "takes about 1m22s at 10 → 50/s",
        "begins after 10s, in which `graveshift run cancel` cancels it",
    ):
        assert line in said


def test_what_was_seen_in_a_sample_alone_is_said_to_be_of_a_sample() -> None:
    sampled = Caution(
        code="delivery", n=2000, of=2000, words="may have arrived (ReadTimeout): the same id is sent again"
    )
    paused = Caution(code="paused", n=12, of=2000, words="queue mail is paused")
    many = replace(PLAN, warnings=[sampled, paused], parts_of=2000, count=10_000, count_is_exact=False)
    said = "\n".join(plan_lines(many))
    assert "all of a sample, the oldest 2,000 of 10,000+, may have arrived (ReadTimeout)" in said
    assert "queue mail is paused (12 of a sample, the oldest 2,000 of 10,000+)" in said
    assert "by queue (of a sample, the oldest 2,000 of 10,000+)  mail 4,000" in said


@pytest.mark.parametrize("from_file", [False, True])
def test_a_payload_and_a_patch_are_sent_as_arguments(backend: SmallBackend, tmp_path: Path, *, from_file: bool) -> None:
    text = '{"to": "ops@example.org", "n": 1.50}'
    (tmp_path / "p.json").write_text(text)
    given = f"@{tmp_path / 'p.json'}" if from_file else text
    one = graveshift(backend, "do", "dlq.requeue", "--id", "native:000000%2Fa", "--payload", given, "--override", "-y")
    assert one.returncode == 0, one.stderr
    assert backend.things.plans["p0"].args["payload"] == text
    assert backend.things.plans["p0"].args["override"] is True
    many = graveshift(backend, "do", "dlq.requeue", "--all", "--patch", given, "-y")
    assert many.returncode == 0, many.stderr
    assert backend.things.plans["p1"].args["patch"] == json.loads(text)


@pytest.mark.parametrize("wrong", ["{", "[1]", "@/nowhere.json"])
def test_what_is_no_patch_is_said_before_anybody_is_asked(backend: SmallBackend, wrong: str) -> None:
    done = graveshift(backend, "do", "dlq.requeue", "--all", "--patch", wrong)
    assert (done.returncode, "--patch" in done.stderr) == (2, True)
    assert backend.things.plans == {}


def test_a_verb_that_edits_nothing_takes_no_patch(backend: SmallBackend) -> None:
    done = graveshift(backend, "do", "queue.pause", "--arg", "queue=native:mail", "--patch", '{"a": 1}')
    assert (done.returncode, "--patch: queue.pause takes none" in done.stderr) == (2, True)
