"""Stops: of which run, at once."""

from functools import partial

from msgspec import Struct

from graveshift.wire.runs import Run
from graveshift_tui.operate import progress
from graveshift_tui.screens.flows.asking import Flow


def stop(flow: Flow) -> None:
    """Stops a live run at once; asks which where there are several."""
    if isinstance(flow.subject.row, Run) and flow.subject.row.state.is_live:
        _stop(flow, flow.subject.row.id)
        return
    if flow.subject.card == "items" and flow.subject.within:
        flow.desk.ask(flow.client.look(flow.subject.within), partial(_stop_live, flow))
        return

    async def read() -> list[Run]:
        """The overview knows every run that is live, however many have ended since it began."""
        return [run for run in (await flow.client.overview()).runs if run.state.is_live]

    flow.desk.ask(read(), partial(_stop_one, flow))


def _stop_one(flow: Flow, runs: list[Run]) -> None:
    from graveshift_tui.widgets.choose import Choice, Chooser

    if not runs:
        flow.desk.tell("no run is live")
    elif len(runs) == 1:
        _stop(flow, runs[0].id)
    else:
        options = [Choice(r.id, f"run {r.id}  {r.operation} by {r.actor}", progress(r)) for r in runs]
        every = Choice("*", f"all {len(runs)} live runs")
        flow.choose(
            Chooser("Stop which run? It stops at once.", [*options, every]),
            lambda chosen: _stop_those(flow, [r.id for r in runs if chosen[0] in ("*", r.id)]),
        )


def _stop_live(flow: Flow, run: Run) -> None:
    if run.state.is_live:
        _stop(flow, run.id)
    else:
        flow.desk.tell(f"run {run.id} is over: {run.state.value}, {progress(run)}")


def _stop_those(flow: Flow, run_ids: list[str]) -> None:
    for run_id in run_ids:
        _stop(flow, run_id)


def _stop(flow: Flow, run_id: str) -> None:
    def said(run: Struct) -> None:
        words = f"{run.state.value}, {progress(run)}" if isinstance(run, Run) else ""
        flow.desk.tell(f"run {run_id}: stopping ({words})", "warning", f"run {run_id}")

    flow.desk.look(flow.client.steer(run_id, "cancel"), said)
