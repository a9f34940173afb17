"""A list of jobs is in the order of their enqueue and says so; what else is told of time stands where it belongs."""

from datetime import datetime, timedelta

import pytest
from msgspec import Struct

from graveshift.wire.jobs import Job, JobState
from graveshift_tui.screens.jobs import CARD
from graveshift_tui.widgets.columns import heading, line
from tests.screens.night import START

ENQUEUED = START - timedelta(hours=1)


def shown(
    state: JobState, *, run_at: datetime | None = None, started_at: datetime | None = None, worker: str = ""
) -> str:
    job = Job(
        id="a", system="b", queue="mail", kind="send", state=state, enqueued_at=ENQUEUED, run_at=run_at,
        started_at=started_at, worker=worker or None,
    )  # fmt: skip
    return drawn(job)


def drawn(row: Struct) -> str:
    parts = line(CARD.columns, row, width=80, now=START, tone="text", prefix=("  ", "text"))
    return " ".join("".join(text for text, _ in parts).split())


def test_the_heading_says_which_time_it_is_and_the_list_is_in_its_order() -> None:
    titles = "".join(text for text, _ in heading(CARD.columns, 80)).split()
    assert "ENQUEUED" in titles
    assert "WHEN" not in titles
    assert CARD.sorts


@pytest.mark.parametrize("state", list(JobState))
def test_whatever_becomes_of_a_job_it_was_enqueued_when_it_was(state: JobState) -> None:
    later = START + timedelta(minutes=5)
    assert " 02:12 " in shown(state, run_at=later, started_at=START - timedelta(seconds=9), worker="host:1")


def test_one_that_is_due_later_says_when_where_a_worker_would_stand() -> None:
    later = START + timedelta(minutes=5)
    assert shown(JobState.SCHEDULED, run_at=later).endswith("02:12 due in 5m")
    assert shown(JobState.RETRYING, run_at=later).endswith("02:12 due in 5m")
    assert shown(JobState.WAITING, run_at=ENQUEUED).endswith(" 02:12")


def test_one_that_runs_says_for_how_long_beside_that_and_where() -> None:
    running = shown(JobState.RUNNING, run_at=ENQUEUED, started_at=START - timedelta(seconds=852), worker="host:1")
    assert running.startswith("running 14m12s mail send")
    assert running.endswith("02:12 host:1")
