"""Whose run another stopped learns it where he looks, with the name; who did it himself is told once."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from graveshift.wire.overview import Environment, Overview, Totals
from graveshift.wire.runs import Run, RunState, Steer, Steered
from graveshift_tui.commands.acting import run_line
from graveshift_tui.commands.tables import table
from graveshift_tui.operate import Ask, ending
from graveshift_tui.screens.hearing import Hearing
from graveshift_tui.screens.runs import nodes, pane
from graveshift_tui.steered import by_whom, told
from graveshift_tui.widgets.band import SEEN_FOR, stopped
from graveshift_tui.widgets.columns import At
from tests.screens.console import Person, console

NOW = datetime(2026, 11, 28, 3, 12, tzinfo=UTC)
PAUSED, RUNNING, CANCELLED = RunState.PAUSED, RunState.RUNNING, RunState.CANCELLED


def by(act: Steer, who: str = "bo", ago: float = 14) -> Steered:
    return Steered(act, who, NOW - timedelta(seconds=ago))


def run(state: RunState, *acts: Steered, id: str = "81", actor: str = "ana", **fields: object) -> Run:
    named = {"id": id, "plan_id": "p", "operation": "dlq.requeue", "state": state, "total": 100, "moved": 20}
    return replace(msgspec.convert({**named, "actor": actor, "rate": 500.0, **fields}, Run), steered=list(acts))


def overview(*runs: Run, actor: str = "ana") -> Overview:
    totals = Totals(0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, [])
    place = Environment("TEST", "here", "green", "1")
    return Overview(NOW, place, actor, "operator", totals, [], [], list(runs), [], [], [])


def said(shown: object) -> str:
    return str(shown)


def test_it_says_who_and_how_long_ago_and_only_what_still_holds() -> None:
    assert told(run(PAUSED, by(Steer.PAUSED)), NOW) == ["paused by bo 14s ago"]
    assert told(run(RUNNING, by(Steer.PAUSED)), NOW) == ["pause asked for by bo 14s ago"]
    assert told(run(RUNNING, by(Steer.RATE, ago=200), by(Steer.RESUMED, "cy", 300)), NOW) == [
        "rate 500/s set by bo 3m ago", "resumed by cy 5m ago",
    ]  # fmt: skip
    assert told(run(RUNNING, by(Steer.RATE), rate=0.04), NOW) == ["rate 0.04/s set by bo 14s ago"]
    assert told(run(RUNNING, by(Steer.RATE), rate=50_000.0), NOW) == ["rate 50,000/s set by bo 14s ago"]
    assert told(run(RUNNING, by(Steer.RATE), rate=None), NOW) == ["no limit set by bo 14s ago"]
    assert told(run(CANCELLED, by(Steer.CANCELLED), by(Steer.RATE)), NOW) == ["cancelled by bo 14s ago"]
    assert told(run(RunState.SUCCEEDED, by(Steer.RESUMED), by(Steer.RATE)), NOW) == []


def test_the_table_of_the_command_line_says_who_stopped_it_and_that_it_asks() -> None:
    def state(one: Run) -> str:
        return list(table(("state",), [one], None))[1]

    assert state(run(PAUSED, by(Steer.PAUSED))) == "paused by bo"
    assert state(run(PAUSED, by(Steer.PAUSED, "ana"))) == "paused"
    assert state(run(PAUSED, halt="canary red")) == "asks"
    assert state(run(RunState.SUCCEEDED, halt="canary red")) == "succeeded"
    assert list(table(("rate",), [run(PAUSED, rate=50_000.0)], None))[1] == "50,000"


def test_the_line_below_the_list_and_the_page_of_the_run_say_it() -> None:
    at = At(80, NOW)
    assert "paused by bo 14s ago" in said(pane(run(PAUSED, by(Steer.PAUSED)), at))
    assert "cancelled by bo 14s ago" in said(pane(run(CANCELLED, by(Steer.CANCELLED)), at))
    asks = said(pane(run(PAUSED, by(Steer.RATE), halt="canary red"), at))
    assert "canary red; p answers it, X ends it" in asks
    over = run(RunState.SUCCEEDED, by(Steer.RESUMED), by(Steer.RATE))
    assert "resumed by bo 14s ago; rate 500/s set by bo 14s ago" in said(nodes(over, at))


def test_the_end_of_a_run_names_who_cancelled_it_unless_it_was_oneself() -> None:
    ask = Ask("dlq.requeue", {}, "Requeue", "100 letters")
    over = run(CANCELLED, by(Steer.CANCELLED))
    assert "cancelled by bo, 20%" in ending(ask, over)
    assert "cancelled by bo: 20 moved" in run_line(over)
    assert "cancelled, 20%" in ending(ask, run(CANCELLED, by(Steer.CANCELLED, "ana")))
    assert by_whom(run(RUNNING, by(Steer.PAUSED))) == ""


def test_the_band_of_whose_run_it_is_says_who_stopped_it_as_long_as_that_is_so() -> None:
    assert "run 81 PAUSED BY bo (7)" in said(stopped(overview(run(PAUSED, by(Steer.PAUSED))), "7"))
    assert "run 81 PAUSED BY a-very-long…" in said(stopped(overview(run(PAUSED, by(Steer.PAUSED, "a-very-long-name")))))
    assert stopped(overview(run(PAUSED, by(Steer.PAUSED)), actor="cy")) == (), "it is none of theirs"
    assert stopped(overview(run(PAUSED, by(Steer.PAUSED, "ana")))) == (), "they know"
    assert stopped(overview(run(RUNNING, by(Steer.RESUMED)))) == ()
    over = run(CANCELLED, by(Steer.CANCELLED), finished_at=NOW - timedelta(seconds=13))
    assert "run 81 CANCELLED BY bo" in said(stopped(overview(over)))
    assert stopped(overview(replace(over, finished_at=NOW - SEEN_FOR - timedelta(seconds=1)))) == ()


def test_ones_own_run_that_another_stopped_is_in_the_band_before_somebody_elses_that_asks() -> None:
    mine = run(PAUSED, by(Steer.PAUSED))
    theirs = run(PAUSED, id="82", actor="cy", halt="canary red")
    assert "run 81 PAUSED BY bo" in said(stopped(overview(theirs, mine)))
    assert "run 82 ASKS" in said(stopped(overview(theirs)))
    assert "run 83 ASKS" in said(stopped(overview(mine, replace(theirs, id="83", actor="ana"))))


def test_news_is_told_once_and_loudly_to_whose_run_it_is() -> None:
    paused = overview(run(PAUSED, by(Steer.PAUSED)))
    hearing = Hearing()
    hearing.news(overview())
    (one,) = hearing.news(paused)
    assert (one.text, one.is_loud) == ("run 81, yours: paused by bo", True)
    assert hearing.news(paused) == []
    others = Hearing()
    others.news(overview())
    (one,) = others.news(overview(run(PAUSED, by(Steer.PAUSED)), actor="cy"))
    assert (one.text, one.is_loud) == ("run 81 of ana: paused by bo", False)
    self = Hearing()
    self.news(overview())
    assert self.news(overview(run(PAUSED, by(Steer.PAUSED)), actor="bo")) == []


def test_a_console_that_begins_tells_of_its_own_runs_alone_and_of_nothing_old() -> None:
    mine, theirs = run(PAUSED, by(Steer.PAUSED)), run(PAUSED, by(Steer.PAUSED), id="82", actor="cy")
    assert [one.text for one in Hearing().news(overview(mine, theirs))] == ["run 81, yours: paused by bo"]
    assert Hearing().news(overview(run(PAUSED, by(Steer.PAUSED, ago=301)))) == []


def test_who_stops_everybodys_runs_is_told_in_one_line_also_where_they_come_one_by_one() -> None:
    hearing = Hearing()
    hearing.news(overview())
    over = [run(CANCELLED, by(Steer.CANCELLED), id=str(id), actor=who)
            for id, who in ((83, "ana"), (82, "cy"), (81, "ana"))]  # fmt: skip
    hearing.news(overview(over[0]))
    (one,) = hearing.news(overview(*over))
    assert (one.text, one.is_loud) == ("bo cancelled 3 runs, 2 of them yours: 81, 82, 83", True)


async def steered(person: Person, act: Steer, who: str, state: RunState) -> str:
    started = person.client.start("dlq.requeue", total=100, moved=20)
    ended = person.client.now if state is CANCELLED else None
    word = [Steered(act, who, person.client.now)]
    changed = replace(started, state=state, actor="ana", steered=word, finished_at=ended)
    person.client.runs[person.client.runs.index(started)] = changed
    await person.press("ctrl+r")
    return started.id


async def test_on_any_screen_a_run_that_another_stopped_is_in_the_band_told_and_rung(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with console() as person:
        rung: list[int] = []
        monkeypatch.setattr(person.app, "bell", lambda: rung.append(1))
        number = await steered(person, Steer.CANCELLED, "bo", CANCELLED)
        await person.sees(f"run {number} CANCELLED BY bo (7)")
        await person.told(f"run {number}, yours: cancelled by bo")
        assert rung == [1]
        await person.press("7")
        await person.sees("cancelled by bo")


async def test_who_pauses_a_run_hears_of_it_once() -> None:
    async with console() as person:
        person.client.start("dlq.requeue", total=100, moved=20)
        await person.press("7")
        await person.sees("dlq.requeue")
        await person.press("p")
        await person.told("pausing")
        await person.sees("paused by ana")
        await person.press("ctrl+r")
        await person.sees("paused by ana")
        assert "by ana" not in person.toasts
        assert "PAUSED BY" not in person.text
