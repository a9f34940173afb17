"""What is typed on the command line, read as the backend takes it: times, and what a verb takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from graveshift.wire.operations import Danger, OperationInfo
from graveshift_tui.commands.arguments import verb_lines
from tests.command_line import graveshift
from tests.small_backend import SmallBackend


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SmallBackend]:
    with SmallBackend(tmp_path).running() as backend:
        yield backend


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("15m", "2026-11-22T03:27:41Z"),
        ("1h30m", "2026-11-22T04:42:41Z"),
        ("03:40", "2026-11-22T03:40:00Z"),
        ("02:00", "2026-11-23T02:00:00Z"),
        ("2026-11-28 03:00", "2026-11-28T03:00:00Z"),
        ("2026-11-28T03:00:00+01:00", "2026-11-28T02:00:00Z"),
        ("null", None),
    ],
)
def test_an_end_is_typed_as_in_the_console_and_read_by_the_backends_clock(
    backend: SmallBackend, text: str, end: str | None
) -> None:
    done = graveshift(backend, "do", "queue.pause", "--arg", "queue=native:mail", "--arg", f"until={text}", "--dry-run")
    assert done.returncode == 0
    assert backend.things.plans["p0"].args == {"queue": "native:mail", "until": end}


def test_an_age_is_typed_as_how_long_ago(backend: SmallBackend) -> None:
    graveshift(backend, "do", "dlq.requeue", "--filter", "died_before=10m", "--dry-run")
    assert backend.things.plans["p0"].args == {"selection": {"filter": {"died_before": "2026-11-22T03:02:41Z"}}}
    graveshift(backend, "get", "dlq", "--filter", "died_after=2h", "-o", "json")
    assert backend.queries[-1]["died_after"] == "2026-11-22T01:12:41Z"


def test_what_is_no_time_is_met_with_an_example(backend: SmallBackend) -> None:
    pause = ("do", "queue.pause", "--arg", "queue=native:mail", "--arg")
    for argv, said in (
        ((*pause, "until=soon"), "--arg until=soon: an end is 45m, 1h30m, 3d, 03:40 or 2026-11-28 03:00 (UTC)"),
        (("get", "dlq", "--filter", "died_after=yesterday"), "died_after=yesterday: a time is 10m, 2h or 3d ago"),
    ):
        done = graveshift(backend, *argv)
        assert (done.returncode, said in done.stderr) == (2, True)
    assert backend.things.plans == {}


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("guard=stop_ratio=10% slow_age=2m", {"stop_ratio": 0.1, "slow_age_s": 120.0}),
        ("guard=canary_red=2 probe=partner", {"canary_red": 2, "probe": "partner"}),
        ('guard={"stop_ratio": 0.1}', {"stop_ratio": 0.1}),
        ("rate=5,000", 5000),
        ("rate=unlimited", "unlimited"),
        ("rate=null", None),
    ],
)
def test_rates_and_thresholds_are_typed_as_in_the_console(backend: SmallBackend, typed: str, wanted: object) -> None:
    assert graveshift(backend, "do", "dlq.requeue", "--all", "--arg", typed, "--dry-run").returncode == 0
    assert backend.things.plans["p0"].args[typed.partition("=")[0]] == wanted


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "rate=unlimted",
            "--arg rate=unlimted: a rate is 500, 5,000 or 0.5 (a second), 0.01 to 1,000,000, or unlimited",
        ),
        (
            "guard=stop_ratio=200%",
            "guard=stop_ratio=200%: `stop_ratio=200%`: A part is 5% or 0.05, of up to 100%",
        ),
        ("guard=slow_age=2", "A time has its unit: 45s, 15m or 1h30m"),
        ("guard=slow_rato=5%", "no threshold is called `slow_rato` (did you mean `slow_ratio`?)"),
        ('guard={"stop_ratio": "10%"}', "--arg guard: stop_ratio: a part is 5% or 0.05, of up to 100%, or off"),
        ("queue=a b", "--arg queue: a queue is 1 to 128 letters, digits and `. _ : -`"),
    ],
)
def test_what_cannot_be_is_refused_in_the_consoles_words(backend: SmallBackend, typed: str, said: str) -> None:
    done = graveshift(backend, "do", "dlq.requeue", "--all", "--arg", typed, "--dry-run")
    assert (done.returncode, said in done.stderr, len(done.stderr.splitlines())) == (2, True, 1), done.stderr


def test_get_operations_tells_what_a_verb_takes(backend: SmallBackend) -> None:
    assert graveshift(backend, "get", "operations", "queue.pause").stdout.splitlines() == [
        "queue.pause: queue.pause (safe)",
        "  What queue.pause takes.",
        "  --arg queue=...   text, required",
        "  --arg reason=...  text, or null",
        "  --arg until=...   an end: 15m, 1h30m, 03:40, 2026-11-28 03:00 (UTC), or null",
    ]
    requeue = graveshift(backend, "get", "operations", "dlq.requeue").stdout
    assert "  --query TEXT, --filter K=V, --id ID or --all  the scope: exactly one of the four, required\n" in requeue
    told = json.loads(graveshift(backend, "get", "operations", "queue.pause", "-o", "json").stdout)
    assert told["name"] == "queue.pause"
    wrong = graveshift(backend, "get", "operations", "queue.paus")
    assert (wrong.returncode, "did you mean `queue.pause`?" in wrong.stderr) == (2, True)


def test_numbers_in_a_schema_are_told_with_their_range() -> None:
    few = Annotated[int, Meta(ge=1, le=1_000_000)]
    schema = msgspec.json.schema(
        msgspec.defstruct("Takes", [("n", few | None, None), ("s", Literal["a", "b"])], kw_only=True)
    )
    lines = verb_lines(OperationInfo("x.y", "X", Danger.BULK, False, schema))
    assert lines == [
        "x.y: X (bulk; this token may not)",
        "  --arg n=...  integer from 1 to 1,000,000, or null",
        "  --arg s=...  `a` or `b`, required",
    ]
