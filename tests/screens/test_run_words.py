"""How far a run is, how fast, until when, and what became of it: the same words wherever it is told."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from graveshift.wire.runs import Became, Fate, Item, Outcome, Run, RunState
from graveshift_tui import format as f
from graveshift_tui.operate import Ask, ending, progress
from graveshift_tui.screens import paces
from graveshift_tui.screens.runs import CARD, nodes, pane, state
from graveshift_tui.widgets.columns import At, widths
from graveshift_tui.widgets.paint import Line
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.screens.test_runs_that_ask import TRYING, run

ENDED = run(state=RunState.SUCCEEDED, total=20, moved=20, became=Became(done=17, died=2, waiting=1))
ASKED = Ask("dlq.requeue", {}, "Requeue", "20 letters")
PROGRESS = next(cells for column, cells in widths(CARD.columns, 80) if column.title == "PROGRESS")
WORDS = "17 done, 2 died again, 1 not ended yet"


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (72, "╌╌╌╌╌╌╌╌   <1% of 4,112 letters  50/s  eta 1m21s"),
        (60, " <1% of 4,112 letters  50/s  eta 1m21s"),
        (32, " <1%  50/s  eta 1m21s"),
        (14, " <1%  50/s"),
    ],
)
def test_a_row_tells_how_far_how_fast_and_until_when_as_there_is_room(width: int, said: str) -> None:
    assert paces.meter(run(), width, START) == said


def test_a_row_counts_as_the_lines_below_it_and_the_news_do() -> None:
    assert progress(run(moved=2500)) == "60% of 4,112 letters"
    assert paces.meter(run(moved=2500), 60, START).startswith(" 60% of 4,112 letters")
    assert paces.told(run(moved=2500, eta_s=32.0), START, 90) == "60% of 4,112 letters   50/s   eta 32s"


def test_a_run_that_begins_gently_says_what_it_drips_and_what_it_was_asked_for() -> None:
    gentle = run(pace=50.0, rate=500.0, eta_s=24.0)
    assert paces.meter(gentle, 40, START) == " <1%  50 → 500/s  eta 24s"
    assert paces.told(gentle, START, 90) == "20 of 4,112 letters   50 → 500/s   eta 24s"
    assert paces.speed(run(pace=10.0, rate=500.0, slowed=125.0)) == "10 → 125/s, slowed by itself from 500/s"


def test_a_pace_is_told_only_where_it_is_another_than_the_rate() -> None:
    for same in (run(pace=50.0), run(pace=49.99), run(pace=500.0), run(pace=None)):
        assert paces.drip(same) == "50/s"


def test_until_when_is_what_the_backend_says_and_nothing_where_it_cannot() -> None:
    assert paces.eta(run(eta_s=100.0)) == "eta 1m40s"
    assert paces.eta(run(eta_s=None)) == paces.eta(run(state=RunState.PAUSED)) == ""


def test_what_became_of_its_jobs_is_told_once_it_is_over_and_while_it_runs() -> None:
    assert paces.meter(ENDED, 60, START) == f"100% of 20 letters  {WORDS}"
    assert paces.meter(ENDED, 46, START) == f"100%  {WORDS}"
    assert paces.told(ENDED, START, 90) == f"100% of 20 letters   {WORDS}"
    assert "0 died again" in paces.told(run(became=Became(done=3)), START, 90)


def test_what_became_of_its_jobs_is_whole_where_there_is_little_room() -> None:
    assert paces.told(ENDED, START, 50) == WORDS
    trying = run(canary=TRYING, became=Became(waiting=20))
    assert paces.told(trying, START, 70) == "canary 14 done, 2 failed, 4 running of 20   50/s   eta 1m21s"


def test_a_requeue_is_moved_and_not_succeeded_while_its_jobs_have_not_ended() -> None:
    assert state(ENDED) == ("moved", "text")
    assert state(replace(ENDED, became=Became(done=18, died=2)))[0] == "succeeded"
    assert state(run(state=RunState.SUCCEEDED, operation="queue.pause"))[0] == "succeeded"
    assert ending(ASKED, ENDED).startswith("run 81: moved, 100% of 20 letters, 1 job not ended yet")


@pytest.mark.parametrize(
    ("became", "said"),
    [
        (Became(waiting=36_612), "36.6k not ended"),
        (Became(done=12, died=3, waiting=36_597), "36.6k not ended, 3 died"),
        (Became(done=16_800, died=12_345, waiting=1_234_567), "1.2M not ended, 12.3k died"),
        (Became(done=16_812, died=12_345), "12.3k died, 16.8k done"),
        (Became(recalled=36_612), "36.6k recalled"),
    ],
)
def test_numbers_are_never_cut_in_a_row_of_80_columns(became: Became, said: str) -> None:
    moved = run(state=RunState.SUCCEEDED, total=36_612, moved=36_612, became=became)
    shown = paces.meter(moved, PROGRESS, START)
    assert len(shown) <= PROGRESS
    assert shown == f"100%  {said}"


IN_STATES = {
    "queued": (run(state=RunState.QUEUED, starts_at=START + timedelta(seconds=8)), "starts in 8s, u cancels"),
    "trying": (run(canary=TRYING), "canary 14 done, 2 failed"),
    "running": (run(became=Became(done=18, died=2)), "50/s  eta 1m21s"),
    "unlimited": (run(rate=None, eta_s=None, became=Became(done=18, died=2)), "18 done, 2 died again"),
    "paused": (run(state=RunState.PAUSED, became=Became(done=18, died=2)), "18 done, 2 died again"),
    "cancelled": (run(state=RunState.CANCELLED, became=Became(done=18, died=2)), "18 done, 2 died again"),
    "odd": (run(operation="job.hold", state=RunState.FAILED, moved=18, gone=2), "2 gone"),
}


@pytest.mark.parametrize(("one", "words"), IN_STATES.values(), ids=IN_STATES)
def test_progress_has_one_form_in_every_state(one: Run, words: str) -> None:
    assert paces.meter(one, PROGRESS, START) == f" <1%  {words}"
    assert paces.meter(one, 80, START).startswith("╌╌╌╌╌╌╌╌   <1% of 4,112 ")


def test_where_nothing_more_is_to_tell_it_says_of_how_many() -> None:
    made = run(operation="backup.create", state=RunState.SUCCEEDED, total=3, moved=3, rate=None)
    assert paces.meter(made, PROGRESS, START) == "100% of 3 steps"
    assert paces.meter(replace(made, total=None, moved=0, state=RunState.QUEUED), PROGRESS, START) == "   ·"
    vain = run(operation="job.hold", state=RunState.SUCCEEDED, total=3, moved=0, gone=3)
    assert paces.meter(vain, 36, START) == "100%  nothing was held: 3 were gone"
    assert paces.meter(vain, PROGRESS, START) == "100%  3 gone"


def test_a_canary_in_a_narrow_row_loses_no_number_in_the_middle_and_its_failures_last() -> None:
    assert paces.meter(run(canary=TRYING), 30, START) == " <1%  canary 14 done, 2 failed"
    assert paces.meter(run(canary=TRYING), 24, START) == " <1%  canary 2 failed"


def test_while_it_runs_its_pace_comes_before_what_became_of_its_jobs() -> None:
    gentle = run(pace=50.0, rate=500.0, eta_s=24.0, became=Became(waiting=20))
    assert paces.told(gentle, START, 70) == "20 of 4,112 letters   50 → 500/s   eta 24s   0 done, 0 died"
    assert paces.told(gentle, START, 50) == "20 of 4,112 letters   50 → 500/s   eta 24s"


def test_an_undo_says_how_many_are_back_and_how_many_were_too_late() -> None:
    undo = run(
        operation="run.undo", rate=None, eta_s=None, state=RunState.SUCCEEDED, total=11_024, moved=8_323, gone=2_701
    )
    assert progress(undo) == "100% of 11,024 letters, 8,323 back, 2,701 too late"
    assert paces.meter(undo, 40, START) == "100%  8,323 back, 2,701 too late"
    assert progress(replace(undo, moved=0, gone=11_024)) == "nothing was undone: 11,024 were too late"


def test_what_was_recalled_of_a_run_is_told_before_the_fewer_that_were_done() -> None:
    undone = run(state=RunState.SUCCEEDED, became=Became(done=2_492, died=209, recalled=8_323))
    assert next(words for words in f.became(undone) if len(words) <= 30) == "209 died, 8,323 recalled"


def test_when_its_jobs_are_due_is_told_where_that_is_not_at_once() -> None:
    at = At(80, START)
    later = replace(ENDED, delay_s=900.0, reason="healed")
    assert 'by ana   each due 15m after it moved   "healed"' in words(pane(later, at))
    assert "each due 15m after it moved" in str(nodes(later, at))
    assert "due at 2026-11-22 03:12:41Z" in words(pane(replace(ENDED, due_at=START), at))
    assert "due" not in words(pane(ENDED, at))


def words(lines: Sequence[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


async def at_the_items(person: Person) -> None:
    await person.goes("7", "runs")
    await person.goes("enter", "items")


async def test_above_its_items_stands_the_run_and_what_became_of_it() -> None:
    client = FakeClient(letters=10)
    client.runs.append(replace(ENDED, actor="ben", reason="healed"))
    client.run_items["81"] = [
        Item(f"native:1-{n}", Outcome.MOVED, None, f"native:{n}", fate)
        for n, fate in enumerate((Fate.DONE, Fate.FAILED, Fate.LATE, None))
    ]
    async with console(client) as person:
        await at_the_items(person)
        await person.sees('run 81  dlq.requeue  by ben   "healed"')
        await person.sees(WORDS)
        for word in ("CANARY", "moved     native:1-0", "done", "failed", "time-out"):
            await person.sees(word)
        assert "⏎" not in person.text, "an item leads nowhere"
        client.runs[0] = replace(ENDED, became=Became(done=18, died=2))
        await person.sees("18 done, 2 died again")


async def test_the_newest_items_stay_in_sight_while_very_many_come() -> None:
    client = FakeClient(letters=10)
    client.runs.append(replace(ENDED, state=RunState.RUNNING))
    client.run_items["81"] = [Item(f"native:1-{n}", Outcome.MOVED) for n in range(150)]
    async with console(client) as person:
        await at_the_items(person)
        await person.sees("moved     native:1-0")
        client.run_items["81"] = [Item(f"native:2-{n}", Outcome.MOVED) for n in range(500)]
        await person.sees("moved     native:2-0")
        assert "row gone" not in person.text


async def test_the_overview_says_what_became_of_the_last_run() -> None:
    client = FakeClient(letters=10)
    client.runs.append(ENDED)
    async with console(client) as person:
        await person.sees(f"#81 dlq.requeue moved  {WORDS}")


def test_while_it_runs_what_is_left_last_is_what_proves_that_it_goes_well() -> None:
    going = replace(ENDED, state=RunState.RUNNING, became=Became(done=29_500, waiting=1_000))
    assert f.became(going)[-1] == "29.5k done"
    assert f.became(going)[-2] == "29.5k done, 0 died"
