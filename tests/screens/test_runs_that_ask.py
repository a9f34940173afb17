"""A run that stops or slows itself is seen and heard wherever one looks, and is steered from there."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from graveshift.wire.runs import Run, RunState
from graveshift.wire.trials import Canary, CanaryState, Then
from graveshift_tui import format as f
from graveshift_tui.operate import progress
from graveshift_tui.rates import rate_of as rate
from graveshift_tui.rates import readable
from graveshift_tui.screens.alarm import asks
from graveshift_tui.screens.flows.speeding import OFFERED, said
from graveshift_tui.screens.paces import meter, speed
from graveshift_tui.screens.runs import pane, state
from graveshift_tui.widgets.band import SEEN_FOR, ended_itself
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.title import Title
from tests.screens.console import Person, console
from tests.waiting import until

TRYING = Canary(asked=20, then=Then.ASK, jobs=20, done=14, failed=2, running=4)
RED = replace(TRYING, state=CanaryState.RED)
WHY = "canary red: 2 of 16 first attempts failed"
ANSWERS = "p answers it, X ends it"


def run(**fields: object) -> Run:
    named = {"id": "81", "plan_id": "p", "operation": "dlq.requeue", "state": RunState.RUNNING, "total": 4112}
    return msgspec.convert({**named, "actor": "ana", "moved": 20, "rate": 50.0, "eta_s": 81.8, **fields}, Run)


def test_a_canary_is_told_in_numbers_while_it_is_tried() -> None:
    words = "canary 14 done, 2 failed, 4 running of 20"
    assert f.canary(run(canary=TRYING)) == words
    assert progress(run(canary=TRYING)) == words
    assert meter(run(canary=TRYING), 70, datetime.now(UTC)) == f" <1% of 4,112 letters  {words}"
    assert f.canary(run(canary=Canary(asked=20, then=Then.ASK))) == "canary begins of 20"
    assert "canary" not in progress(run(canary=RED, moved=21, state=RunState.PAUSED, halt="paused by itself: 34%"))


def test_a_run_that_asks_says_so_where_its_state_is() -> None:
    assert state(run(state=RunState.PAUSED, halt=WHY, canary=RED)) == ("asks", "warn")
    assert state(run(state=RunState.PAUSED))[0] == "paused"
    assert asks(run(state=RunState.PAUSED, halt=WHY)) == f"{WHY}; {ANSWERS}"


def test_a_run_that_an_operator_paused_asks_nothing() -> None:
    paused = run(state=RunState.PAUSED)
    assert asks(paused) == ""
    assert "None" not in str(pane(paused, At(80, datetime.now(UTC))))


def test_a_slowed_run_says_from_what() -> None:
    assert speed(run(slowed=25.0)) == "25/s, slowed by itself from 50/s"
    assert (speed(run()), speed(run(rate=None))) == ("50/s", "")


@pytest.mark.parametrize(("text", "fits"), [("500", True), ("0.5/s", True), ("5,000", True), ("unlimited", True)])
def test_a_rate_is_typed_as_a_number_or_unlimited(text: str, fits: bool) -> None:
    assert readable(text) is fits
    assert all(readable(offer) for offer in OFFERED)
    assert not any(readable(wrong) for wrong in ("", "fast", "0", "-1", "1e9", "nan", "inf"))
    assert (rate("unlimited"), rate("5,000/s"), said(None), said(0.01)) == (None, 5000.0, "no limit", "0.01 a second")


def test_a_title_is_kept_shown_harmless_and_put_back() -> None:
    written: list[str] = []
    title = Title()
    title.show("nobody hears it")
    title.write = written.append
    title.show("run 81 \x1b]2;evil\x07 asks")
    title.show("run 82 asks")
    title.show("run 82 asks")
    title.show("")
    title.show("")
    whole = "".join(written)
    assert whole.startswith("\x1b[22;2t\x1b]2;run 81")
    assert whole.endswith("\x1b]2;run 82 asks\x1b\\\x1b[23;2t")
    assert "\x07" not in whole
    assert whole.count("\x1b]2;") == 2


async def halted(person: Person) -> str:
    started = person.client.start("dlq.requeue", total=100, moved=20)
    asks = replace(started, state=RunState.PAUSED, halt=WHY, canary=RED, actor="ana")
    person.client.runs[person.client.runs.index(started)] = asks
    return started.id


async def test_it_is_in_the_band_of_every_screen_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as person:
        rung: list[int] = []
        monkeypatch.setattr(person.app, "bell", lambda: rung.append(1))
        number = await halted(person)
        await person.press("ctrl+r")
        await person.sees(f"run {number} ASKS (7)")
        await person.told(WHY)
        await person.told("7 and then p answer it")
        await person.press("3", "ctrl+r")
        await person.sees(f"run {number} ASKS")
        assert (len(rung), person.toasts.count(WHY)) == (1, 1)


async def test_one_that_ended_by_its_own_rule_is_seen_and_heard_for_some_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with console() as person:
        rung: list[int] = []
        monkeypatch.setattr(person.app, "bell", lambda: rung.append(1))
        started = person.client.start("dlq.requeue", total=100, moved=20)
        over = replace(started, state=RunState.CANCELLED, halt=WHY, canary=RED, finished_at=person.client.now)
        person.client.runs[:] = [over]
        await person.press("3", "ctrl+r")
        await person.sees(f"run {started.id} STOPPED ITSELF")
        await person.told(WHY)
        assert len(rung) == 1
        person.client.now += SEEN_FOR + timedelta(seconds=1)
        await person.press("ctrl+r")
        await until(lambda: "STOPPED ITSELF" not in person.text)


def test_who_ended_as_it_was_asked_to_has_not_stopped_itself() -> None:
    at = datetime.now(UTC)
    over = run(state=RunState.CANCELLED, finished_at=at, halt="canary green: 20 of 20 done; it ends with its canary")
    assert ended_itself(replace(over, canary=replace(TRYING, state=CanaryState.GREEN)), at) == ""
    assert ended_itself(replace(over, halt=None), at) == ""
    assert (
        ended_itself(replace(over, state=RunState.FAILED, halt=None, error="the disk is full"), at)
        == "the disk is full"
    )


async def test_p_on_it_asks_before_it_resumes_and_says_why_it_had_stopped() -> None:
    async with console() as person:
        number = await halted(person)
        await person.press("7")
        await person.sees("asks")
        await person.sees(ANSWERS)
        await person.press("p")
        await person.sees("leave it as it is")
        await person.press("enter")
        assert (await person.client.look(number)).state is RunState.PAUSED
        await person.press("p")
        await person.sees("go on with the rest")
        await person.press("down", "down", "enter")
        await person.told(f"run {number}: resumed; it had stopped by itself: {WHY}")
        assert (await person.client.look(number)).state is RunState.RUNNING


async def test_a_run_that_asks_is_ended_from_the_same_question() -> None:
    async with console() as person:
        number = await halted(person)
        await person.press("7")
        await person.sees("asks")
        await person.press("p")
        await person.sees("end it; what was moved stays moved")
        await person.press("down", "enter")
        await person.told(f"run {number}: stopping")
        assert (await person.client.look(number)).state is RunState.CANCELLED


async def test_enter_alone_changes_no_rate() -> None:
    async with console() as person:
        started = person.client.start("dlq.requeue", total=100, moved=20, rate=50)
        await person.press("7")
        await person.sees(started.id)
        await person.press("=")
        await person.sees("as it is: 50 a second")
        await person.press("enter")
        await until(lambda: "as it is" not in person.text)
        assert (await person.client.look(started.id)).rate == 50


async def test_rates_are_changed_on_the_runs_screen() -> None:
    async with console() as person:
        started = person.client.start("dlq.requeue", total=100, moved=20, rate=50)
        await person.press("7")
        await person.sees(started.id)
        await person.press("+")
        await person.told(f"run {started.id}: 100 a second from now on")
        await person.press("-")
        await person.told(f"run {started.id}: 50 a second from now on")
        await person.press("=")
        await person.sees("at what rate?")
        await person.types("500")
        await person.press("enter")
        await person.told(f"run {started.id}: 500 a second from now on")
        assert (await person.client.look(started.id)).rate == 500


async def test_elsewhere_a_rate_is_that_of_ones_own_newest_run() -> None:
    async with console() as person:
        await until(lambda: person.app.pulse.overview is not None)
        await person.press("+")
        await person.told("you have no run that is live")
        seen = person.app.pulse.overview
        assert seen is not None
        started = person.client.start("dlq.requeue", total=100, moved=20, rate=50)
        person.client.runs[-1] = replace(started, actor=seen.actor)

        async def doubled() -> bool:
            await person.press("ctrl+r", "+")
            return (await person.client.look(started.id)).rate == 100

        await until(doubled)


async def test_c_on_a_cause_plans_a_canary() -> None:
    async with console() as person:
        await person.press("2")
        await person.sees("CAUSE")
        await person.press("c")
        await person.sees("Requeue (canary first)")
