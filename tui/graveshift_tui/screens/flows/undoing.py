"""An undo: of the run on show, else of the last one of the operator's own that can be undone."""

from functools import partial
from typing import Final

from graveshift.wire.plans import Plan
from graveshift.wire.runs import Run, RunState
from graveshift_tui.client import ApiError, Client
from graveshift_tui.screens import verbs
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.runs import UNDOABLE
from graveshift_tui.settings import ConsoleError


class NothingToUndo(ConsoleError):
    """nothing to undo"""


LOOKED_AT: Final = 200
UNDO: Final = "run.undo"
IN_VAIN: Final = (RunState.FAILED, RunState.CANCELLED, RunState.LOST)


def undo(flow: Flow) -> None:
    """Undoes the run on show or under the cursor, else the operator's last that can be undone."""
    row = flow.subject.row
    if isinstance(row, Run):
        _order(flow, row)
    elif flow.subject.card == "items" and flow.subject.within:
        flow.desk.ask(flow.client.look(flow.subject.within), partial(_order, flow))
    else:
        actor = flow.seen.actor if flow.seen is not None else ""
        flow.desk.ask(last_undoable(flow.client, actor), partial(_order, flow))


def _order(flow: Flow, run: Run) -> None:
    if run.state is RunState.QUEUED and run.starts_at is not None:
        flow.desk.look(flow.client.steer(run.id, "cancel"), lambda seen: _cancelled(flow, seen))
    else:
        flow.desk.order(verbs.undo(run))


def _cancelled(flow: Flow, run: Run) -> None:
    if run.state is RunState.CANCELLED and not run.handled:
        flow.desk.tell(f"run {run.id} is cancelled before its first item: nothing was moved", "information")
    else:
        flow.desk.tell(
            f"run {run.id} had begun: it stops at once; u again takes back what no worker has started", "warning"
        )


async def last_undoable(client: Client, actor: str) -> Run:
    """The newest requeue or discard of `actor` that moved something and is not undone; else ConsoleError."""
    page = await client.page("runs", limit=LOOKED_AT)
    undone: set[str] = set()
    passed = 0
    for run in page.items:
        if not isinstance(run, Run):
            continue
        if run.operation == UNDO and run.state not in IN_VAIN:
            undone.add(await _undone_by(client, run))
        elif run.operation in UNDOABLE and run.actor == actor and run.id in undone:
            passed += 1
        elif run.operation in UNDOABLE and run.actor == actor and (run.moved or run.state.is_live):
            return run
    raise NothingToUndo(
        "all you have requeued or discarded is undone" if passed else "you have done nothing that could be undone"
    )


async def _undone_by(client: Client, run: Run) -> str:
    """Which run it took back, as its plan says; empty where the plan is not kept any more."""
    try:
        plan: Plan = await client.plan_again(run.plan_id)
    except ApiError:
        return ""
    return str(plan.args.get("run", ""))
