"""Before a person leaves they read what becomes of the runs, and in the demo that is not what it is elsewhere."""

from graveshift.wire.runs import Run, RunState
from graveshift_tui.screens.leaving import farewell

RUN = Run(id="81", plan_id="7", operation="dlq.requeue", state=RunState.RUNNING, total=10, actor="ana")


def test_a_backends_runs_continue() -> None:
    assert farewell([RUN], demo=False) == "run 81 continues (dlq.requeue)"


def test_a_demos_runs_stop_with_it() -> None:
    assert farewell([RUN], demo=True) == "run 81 resumes at the next start where the data is kept (dlq.requeue)"
