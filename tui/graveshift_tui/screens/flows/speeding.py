"""Runs steered without a plan: paused, resumed, answered where they ask, faster, slower, at a rate that is typed."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from graveshift.wire.runs import FASTEST, SLOWEST, Run, RunState
from graveshift.wire.trials import CanaryState
from graveshift_tui.format import speed
from graveshift_tui.rates import LOOKS, UNLIMITED, rate_of, readable
from graveshift_tui.screens import verbs
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.flows.raising import leap, outflow

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice

OFFERED: Final = ("1", "10", "50", "100", "500", "1000", "5000", UNLIMITED)
FACTOR: Final = 2
LEAVE: Final = "leave"
STEERED: Final = {"pause": "pausing", "resume": "resumed", "cancel": "stopping"}


def pause_run(flow: Flow) -> None:
    """Pauses the run, or resumes it where somebody paused it; one that stopped by itself is never resumed unasked."""

    def turn(run: Run) -> None:
        if run.state is not RunState.PAUSED:
            _steer(flow, run, "pause")
        elif run.halt:
            _answer(flow, run)
        else:
            _steer(flow, run, "resume")

    _of_run(flow, turn)


def _answer(flow: Flow, run: Run) -> None:
    """What becomes of a run that asks. What is at hand is safe: only after a green canary that is to go on."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    leave = Choice(LEAVE, "leave it as it is")
    on, end = Choice("resume", "go on with the rest"), Choice("cancel", "end it; what was moved stays moved")
    is_green = run.canary is not None and run.canary.state is CanaryState.GREEN and "canary" in (run.halt or "")
    chooser = Chooser(f"Run {run.id}: {run.halt}", [on, end, leave] if is_green else [leave, end, on])
    flow.choose(chooser, lambda chosen: None if chosen[0] == LEAVE else _steer(flow, run, chosen[0]))


def _steer(flow: Flow, run: Run, act: str) -> None:
    words = f"run {run.id}: {STEERED[act]}"
    why = f"; it had stopped by itself: {run.halt}" if run.halt and act == "resume" else ""
    flow.desk.look(flow.client.steer(run.id, act), lambda _: flow.desk.tell(words + why, about=f"run {run.id}"))


def faster(flow: Flow) -> None:
    """Twice the rate."""
    _of_run(flow, partial(_times, flow, FACTOR))


def slower(flow: Flow) -> None:
    """Half the rate."""
    _of_run(flow, partial(_times, flow, 1 / FACTOR))


def any_rate(flow: Flow) -> None:
    """A rate that is typed. What is much faster says so where it is chosen, and what its workers did of late."""

    def read(run: Run) -> None:
        flow.desk.ask(outflow(flow.client, flow.seen, run), partial(_ask, flow, run))

    _of_run(flow, read, partial(_too_late, flow))


def _too_late(flow: Flow, run: Run) -> None:
    """Said where the rate would be typed: digits that are typed for it lead nowhere."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    leave = Choice(LEAVE, "nothing to set")
    question = f"Run {run.id} is over: {run.state.value}. It has no rate any more."
    flow.choose(Chooser(question, [leave], typed=lambda text: leave, placeholder="enter or esc"), lambda chosen: None)


def _ask(flow: Flow, run: Run, of_late: str) -> None:
    from graveshift_tui.widgets.choose import Choice, Chooser

    def title(text: str) -> str:
        return ", ".join(part for part in (said(rate_of(text)), leap(run, rate_of(text))) if part)

    def offer(text: str) -> "Choice | None":
        return Choice(text.strip(), title(text)) if readable(text) else None

    def chosen(taken: tuple[str, str]) -> None:
        if taken[0] != LEAVE:
            _set(flow, run, rate_of(taken[0]), of_late)

    kept = Choice(LEAVE, f"as it is: {said(run.rate)}")
    offered = [kept, *(Choice(text, title(text), text) for text in OFFERED)]
    question = f"Run {run.id} at what rate? It has {said(run.rate)}{f'; {of_late}' if of_late else ''}."
    flow.choose(Chooser(question, offered, typed=offer, looks=LOOKS, placeholder="type a number a second"), chosen)


def said(per_s: float | None) -> str:
    """`50 a second`, or `no limit`."""
    return "no limit" if per_s is None else f"{speed(per_s)} a second"


def _of_run(flow: Flow, then: Callable[[Run], None], over: Callable[[Run], None] | None = None) -> None:
    """The live run on show or under the cursor, read anew, else the newest of the operator's own.

    One that is over is for `over`, and refused where that is None.
    """
    row, subject = flow.subject.row, flow.subject

    def checked(run: Run) -> None:
        if run.state.is_live:
            then(run)
        elif over is not None:
            over(run)
        else:
            raise verbs.NotHere(f"run {run.id} is over: {run.state.value}")

    if isinstance(row, Run):
        flow.desk.ask(flow.client.look(row.id), checked)
    elif subject.card == "items" and subject.within:
        flow.desk.ask(flow.client.look(subject.within), checked)
    else:
        own = [run for run in flow.seen.runs if run.state.is_live and run.actor == flow.seen.actor] if flow.seen else []
        if not own:
            raise verbs.NotHere("you have no run that is live; press it on one in the runs")
        flow.desk.ask(flow.client.look(own[0].id), checked)


def _times(flow: Flow, factor: float, run: Run) -> None:
    now = run.slowed or run.rate
    if now is None:
        raise verbs.NotHere(f"run {run.id} has no limit; type a rate for it")
    _set(flow, run, min(FASTEST, max(SLOWEST, now * factor)))


def _set(flow: Flow, run: Run, per_s: float | None, of_late: str = "") -> None:
    """At once, whatever the rate; who leaps is told what it means."""
    much, since = leap(run, per_s), "once it is resumed" if run.state is RunState.PAUSED else "from now on"
    words = f"run {run.id}: {said(per_s)} {since}"
    words = "".join((words, f", {much}" if much else "", f"; {of_late}" if much and of_late else ""))
    tone = "warning" if much else "information"
    flow.desk.look(flow.client.set_rate(run.id, per_s), lambda _: flow.desk.tell(words, tone, f"run {run.id}"))
