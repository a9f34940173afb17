"""Runs: what was set in motion, how far it is, and what became of each thing."""

from typing import Final

from msgspec import Struct

from graveshift.wire.page import Page
from graveshift.wire.runs import Fate, Item, Outcome, Run, RunState
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.client import Client
from graveshift_tui.operate import progress
from graveshift_tui.screens import paces
from graveshift_tui.screens.alarm import asks
from graveshift_tui.screens.facts import facts
from graveshift_tui.screens.paces import speed, starts
from graveshift_tui.screens.standing import folded
from graveshift_tui.steered import told as steered
from graveshift_tui.widgets.columns import At, Cell, Column, pair, solo
from graveshift_tui.widgets.paint import Line, wrapped
from graveshift_tui.widgets.tree import Node

TONES = {
    RunState.QUEUED: "text", RunState.RUNNING: "accent", RunState.PAUSED: "mark", RunState.SUCCEEDED: "ok",
    RunState.FAILED: "crit", RunState.CANCELLED: "muted", RunState.LOST: "crit",
}  # fmt: skip
FATES = {
    Fate.WAITING: ("waits", "text"), Fate.RUNNING: ("runs", "accent"), Fate.DONE: ("done", "ok"),
    Fate.FAILED: ("failed", "crit"), Fate.LATE: ("time-out", "warn"), Fate.GONE: ("gone", "muted"),
}  # fmt: skip
UNDOABLE: Final = ("dlq.requeue", "dlq.discard")
MOST: Final = 3
"""Lines in which the panel tells why a run stopped, and who steered it."""
OUTCOMES = {Outcome.MOVED: "ok", Outcome.FAILED: "crit", Outcome.CONFLICT: "warn", Outcome.GONE: "muted"}


def meter(run: Run, at: At) -> Cell:
    """How far it is, and what tells most now: when it starts, how fast it is, or what came of it."""
    said = paces.meter(run, at.width, at.now)
    return said, "warn" if starts(run, at.now) else "accent" if run.state.is_live and not f.in_canary(run) else ""


def state(run: Run) -> Cell:
    """Its state; one that stopped by itself asks, and of one that succeeded not everything that it moved has ended."""
    if run.state is RunState.PAUSED and run.halt:
        return "asks", "warn"
    return f.stage(run), TONES[run.state] if f.stage(run) == run.state.value else "text"


def tone(run: Run) -> str:
    """A run that failed is loud."""
    loud = run.failed or (run.state.is_live and run.halt)
    return "crit" if run.state in (RunState.FAILED, RunState.LOST) else "warn" if loud else "text"


def pane(run: Run, at: At) -> list[Line]:
    """The run under the cursor in words."""
    later = f"   {paces.due(run)}" if paces.due(run) else ""
    why = f'{later}   "{run.reason}"' if run.reason else later
    told = "   ".join(part for part in (run.error or asks(run), *steered(run, at.now)) if part)
    room = at.width - len(f.stage(run)) - 7
    became: Line = ((f"   {paces.told(run, at.now, room)}", "warn" if starts(run, at.now) else "text"),)
    return [
        ((f" run {run.id}  {run.operation}", "bold bright"), (f"  by {run.actor}{why}", "muted")),
        ((f"   {f.stage(run)}", TONES[run.state]), *became),
        *_whole(told, at.width - 4, "crit" if run.error else "warn"),
    ]


def _whole(told: str, width: int, tone: str) -> list[Line]:
    """In as many lines as it takes, up to MOST."""
    lines = folded(told, width)
    shown = [*lines[: MOST - 1], f.fit(" ".join(lines[MOST - 1 :]), width)] if len(lines) > MOST else lines
    return [((f"   {line}", tone),) for line in shown]


def offers(action: str, run: Run) -> bool:
    """Whether an action makes sense as the run stands: one that is over is at most undone."""
    if action == "run.undo":
        return run.operation in UNDOABLE and bool(run.moved or run.state.is_live)
    return run.state.is_live


def nodes(run: Run, at: At) -> list[Node]:
    """All that is known of one run."""
    return facts(
        "run",
        ("run", run.id),
        ("operation", run.operation),
        ("state", f.stage(run)),
        ("progress", starts(run, at.now) or progress(run)),
        ("rate", speed(run) or None),
        ("its jobs", next(iter(f.became(run)), None)),
        ("due", paces.due(run) or None),
        ("canary", f"{run.canary.state.value}: {f.canary(run)}" if run.canary else None),
        ("then", run.canary.then.value if run.canary else None),
        ("stopped itself", run.halt),
        ("steered", "; ".join(steered(run, at.now, all_of_it=True))),
        ("by", run.actor),
        ("reason", run.reason),
        ("started", f.moment(run.started_at)),
        ("finished", f.moment(run.finished_at)),
        ("error", run.error),
        ("plan", run.plan_id),
    )


def item_pane(item: Item, at: At) -> list[Line]:
    """The item under the cursor, with its detail in full."""
    head: Line = ((f" {item.id}", "bold bright"), (f"  {item.job_id or ''}", "muted"))
    if item.fate is not None:
        head = (*head, ("  canary: ", "muted"), FATES[item.fate])
    return [head, *wrapped(((f"   {item.detail}", "text"),), at.width - 1)] if item.detail else [head]


async def whole(client: Client, route: Route) -> Struct:
    """The run whose items are listed."""
    return await client.look(route.id or "")


async def items(client: Client, route: Route, cursor: str | None, limit: int) -> Page[Struct]:
    """What became of each thing of the run that the route names."""
    page = await client.items(route.id or "", cursor=cursor, limit=limit)
    return Page(list(page.items), page.as_of, page.next_cursor, page.total, page.total_is_exact)


CARD = Card(
    name="runs",
    title="runs",
    columns=(
        Column("RUN", pair(Run, lambda r, at: r.id), width=5),
        Column("OPERATION", pair(Run, lambda r, at: r.operation), width=13),
        Column("STATE", pair(Run, lambda r, at: state(r)), width=9),
        Column("PROGRESS", pair(Run, meter)),
        Column("BY", pair(Run, lambda r, at: r.actor), width=8, from_width=76),
        Column("WHEN", pair(Run, lambda r, at: f.since(r.started_at, at.now)), width=5, right=True),
        Column("REASON", pair(Run, lambda r, at: (r.reason or "", "muted")), from_width=110),
    ),
    id_of=solo(Run, lambda r: r.id),
    tone=solo(Run, tone),
    empty="No runs: nobody has changed anything yet.",
    newest_first=True,
    opens=solo(Run, lambda r: Route("items", id=r.id, crumb=f"run {r.id}")),
    words={"open": "items"},
    pane=pair(Run, pane),
    pane_height=3,
    pane_most=2 + MOST,
    offers=lambda action, row: not isinstance(row, Run) or offers(action, row),
    nodes=pair(Run, nodes),
    verbs=("run.pause", "run.stop", "run.rate", "run.faster", "run.slower", "run.undo"),
    fields=(),
)

ITEMS = Card(
    name="items",
    title="items",
    columns=(
        Column("OUTCOME", pair(Item, lambda i, at: _outcome(i)), width=9),
        Column("ITEM", pair(Item, lambda i, at: i.id)),
        Column("CANARY", pair(Item, lambda i, at: FATES[i.fate] if i.fate else ""), width=8),
        Column("DETAIL", pair(Item, lambda i, at: (i.detail or "", "muted")), from_width=76),
        Column("JOB", pair(Item, lambda i, at: (i.job_id or "", "muted")), width=24, from_width=120),
    ),
    id_of=solo(Item, lambda i: i.id),
    empty="No items: the run has not begun, or what it chose had left before it was picked.",
    newest_first=True,
    fetch=items,
    whole=whole,
    above=pair(Run, pane),
    above_height=3,
    offers=lambda action, row: not isinstance(row, Run) or offers(action, row),
    pane=pair(Item, item_pane),
    pane_height=4,
    verbs=("run.pause", "run.stop", "run.rate", "run.faster", "run.slower", "run.undo"),
    hints=("runs",),
    fields=(),
)


def _outcome(item: Item) -> Cell:
    return (item.outcome.value, OUTCOMES[item.outcome]) if item.outcome else ("under way", "accent")
