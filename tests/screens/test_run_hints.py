"""The hints of a run are what can be done with it as it stands, and why it stopped is told whole."""

import pytest
from msgspec.structs import replace

from graveshift.wire.runs import Run, RunState
from graveshift_tui.screens.runs import pane
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.paint import Lines, width_of
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.screens.test_runs_that_ask import run
from tests.waiting import until

WHY = "paused by itself: 100% of 30 first attempts failed"
ASKS = run(state=RunState.PAUSED, halt=WHY)
LIVE = ("X ", "= ", "+ ")
STANDS = [
    (ASKS, ["p answer", *LIVE, "u undo"], []),
    (run(state=RunState.PAUSED), ["p resume", *LIVE], []),
    (run(), ["p pause", *LIVE], []),
    (run(state=RunState.SUCCEEDED), ["u undo"], ["p pause", *LIVE]),
    (run(state=RunState.SUCCEEDED, moved=0), [], ["p pause", *LIVE, "u undo"]),
    (run(state=RunState.CANCELLED, operation="queue.pause"), [], ["p pause", *LIVE, "u undo"]),
]


def hints(person: Person) -> str:
    return person.app.screen.query_one("#hints", Lines).render_line(0).text


@pytest.mark.parametrize("page", [False, True], ids=["in the list", "on its page"])
@pytest.mark.parametrize(("one", "there", "missing"), STANDS)
async def test_hints_follow_how_a_run_stands(one: Run, there: list[str], missing: list[str], page: bool) -> None:
    client = FakeClient(letters=10)
    client.runs.append(one)
    async with console(client, size=(140, 30)) as person:
        await person.goes("7", "runs")
        await until(lambda: person.listing.table.row is not None)
        if page:
            await person.press("enter")
            await person.sees("run 81")
            await until(lambda: person.listing.route.card == "items" and "by ana" in person.text)
        await until(lambda: all(f" {word}" in hints(person) for word in there), what=hints(person))
        await until(lambda: not any(f" {word}" in hints(person) for word in missing), what=hints(person))


@pytest.mark.parametrize("page", [False, True], ids=["in the list", "on its page"])
async def test_why_it_stopped_and_the_keys_that_answer_are_read_whole_at_80_columns(page: bool) -> None:
    client = FakeClient(letters=10)
    client.runs.append(ASKS)
    async with console(client) as person:
        await person.goes("7", "runs")
        if page:
            await until(lambda: person.listing.table.row is not None)
            await person.press("enter")
        await until(lambda: f"{WHY}; p answers it, X ends it" in " ".join(person.text.split()), what=person.text)


def test_what_is_too_long_for_some_lines_ends_in_dots() -> None:
    lines = pane(replace(ASKS, state=RunState.FAILED, error="no " * 400), At(80, START))
    assert len(lines) == 5
    assert max(map(width_of, lines)) <= 80
    assert "…" in str(lines[-1])


@pytest.mark.parametrize("page", [False, True], ids=["in the list", "on its page"])
async def test_a_rate_for_a_run_that_is_over_is_typed_into_a_box_that_says_so(page: bool) -> None:
    client = FakeClient(letters=10)
    client.runs.append(run(state=RunState.SUCCEEDED))
    async with console(client) as person:
        await person.goes("7", "runs")
        await until(lambda: person.listing.table.row is not None)
        if page:
            await person.press("enter")
            await until(lambda: person.listing.route.card == "items")
        where = person.listing
        await person.press("=")
        await person.sees("Run 81 is over: succeeded. It has no rate any more.")
        await person.types("500")
        await person.sees("nothing to set")
        await person.press("enter")
        await until(lambda: person.app.screen is where)
        assert client.runs[0].rate == 50


async def test_faster_and_slower_say_of_a_run_that_is_over_that_it_is() -> None:
    client = FakeClient(letters=10)
    client.runs.append(run(state=RunState.SUCCEEDED))
    async with console(client) as person:
        await person.goes("7", "runs")
        await until(lambda: person.listing.table.row is not None)
        await person.press("+")
        await person.told("run 81 is over: succeeded")
