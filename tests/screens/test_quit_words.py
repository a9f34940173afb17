"""Before a person leaves they read what becomes of the runs, and in a demo that is not what it is elsewhere."""

import pytest

from graveshift.wire.runs import Run, RunState
from graveshift_tui.screens.leaving import farewell, quit_question
from graveshift_tui.settings import Home

RUN = Run(id="81", plan_id="7", operation="dlq.requeue", state=RunState.RUNNING, total=10, actor="ana")
WORDS = {
    Home.BACKEND: ("The backend carries on:", "run 81 continues (dlq.requeue)"),
    Home.DEMO: ("The demo ends, and these with it:", "run 81 ended with the demo (dlq.requeue)"),
    Home.KEPT_DEMO: (
        "The demo stops, and these go on when it starts again:",
        "run 81 goes on when the demo starts again (dlq.requeue)",
    ),
}


@pytest.mark.parametrize("home", Home)
def test_the_question_and_the_last_words_promise_the_same(home: Home) -> None:
    asked, told = WORDS[home]
    assert asked in str(quit_question([RUN], home).said)
    assert farewell([RUN], home) == told
