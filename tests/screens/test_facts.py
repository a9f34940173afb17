"""Names and values of a page stand in one column each."""

from graveshift.wire.jobs import JobDetail, JobState
from graveshift_tui.screens.jobs import nodes
from graveshift_tui.widgets.columns import At
from tests.screens.night import START


def test_all_values_of_a_job_begin_in_the_same_column() -> None:
    job = JobDetail(id="native:1", system="native", queue="mail", kind="mail.send", state=JobState.HELD, priority=0,
                    attempt=1, max_attempts=3, enqueued_at=START, finished_at=START, run_id="7",
                    held_reason="a bad file", held_until=START)  # fmt: skip
    shown = {node.path.partition("/")[2]: node.head for node in nodes(job, At(80, START)) if "/" in node.path}
    assert {"finished", "last run", "held until", "held because", "queue"} <= set(shown)
    assert len({len(head[0][0]) for head in shown.values()}) == 1
