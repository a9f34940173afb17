"""Before a person leaves they read what becomes of the runs, and in a demo that is not what it is elsewhere."""

import pytest

from graveshift.wire.runs import Run, RunState
from graveshift_tui.screens.leaving import farewell, quit_question
from graveshift_tui.settings import Home
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.waiting import until

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
    assert asked in str(quit_question([RUN], home, lambda: [RUN]).said)
    assert farewell([RUN], home) == told


async def test_the_question_follows_the_runs_while_it_is_open() -> None:
    client = FakeClient(letters=10)
    first, second = (client.start("dlq.requeue", total=100, moved=20).id for _ in range(2))
    async with console(client) as person:
        await person.press("q")
        await person.sees(f"run {second} dlq.requeue")
        await client.steer(first, "cancel")
        await until(lambda: f"    run {first} " not in person.text)
        assert "The backend carries on" in person.text
        await client.steer(second, "cancel")
        await person.sees("No run is under way any more.")
        assert "carries on" not in person.text
        await person.press("n")
        await until(lambda: "Leave?" not in person.text)
        assert person.app.is_running
