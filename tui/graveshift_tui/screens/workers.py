"""Workers: who runs jobs, and whose heart still beats."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from graveshift.wire.selection import WORKER_FIELDS, parameters
from graveshift.wire.workers import Worker, WorkerState
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Cell, Column, pair, solo
from graveshift_tui.widgets.tree import Node

TONES: Final = {WorkerState.QUIET: "mark", WorkerState.STOPPING: "warn", WorkerState.SILENT: "crit"}


def silent_since(worker: Worker, now: datetime) -> datetime | None:
    """When it was last heard of, of a worker that has not been for longer than it should; None of any other."""
    if worker.state is not WorkerState.SILENT or worker.heartbeat_age_s is None:
        return None
    return now - timedelta(seconds=worker.heartbeat_age_s)


def standing(worker: Worker, now: datetime) -> Cell:
    """`running`, `quiet`, `silent since 03:09`."""
    if worker.state is None:
        return f.UNKNOWN
    since = silent_since(worker, now)
    return f"{worker.state.value}{f' since {f.since(since, now)}' if since else ''}", TONES.get(worker.state, "")


def tone(worker: Worker) -> str:
    """A silent worker is loud."""
    return "crit" if worker.state is WorkerState.SILENT else "text"


def nodes(worker: Worker, at: At) -> list[Node]:
    """All that is known of one worker."""
    since = silent_since(worker, at.now)
    lines = facts(
        "worker",
        ("worker", worker.id),
        ("host", worker.host),
        ("pid", str(worker.pid) if worker.pid is not None else None),
        ("version", worker.version),
        ("queues", ", ".join(worker.queues) or "all"),
        ("started", f.moment(worker.started_at)),
        ("heartbeat", f"{f.age(worker.heartbeat_age_s)} ago" if worker.heartbeat_age_s is not None else None),
        ("state", f"silent since {f.moment(since)}" if since else worker.state.value if worker.state else None),
        ("told to", _told(worker)),
        ("memory", f.size(worker.memory_bytes) if worker.memory_bytes is not None else None),
        ("jobs", _jobs(worker)),
    )
    return [
        _loud(node) if worker.state is WorkerState.SILENT and node.path == "worker/state" else node for node in lines
    ]


def _loud(node: Node) -> Node:
    """The same with its value in the colour of trouble."""
    name, (value, _) = node.head
    return replace(node, head=(name, (value, "crit")))


def _jobs(worker: Worker) -> str | None:
    """Of its last heartbeat: `2 ran at its last heartbeat, when it held native:81, native:82`."""
    held = ", ".join(worker.jobs)
    if worker.running is None:
        return held or None
    return f"{f.count(worker.running)} ran at its last heartbeat{f', when it held {held}' if held else ''}"


def _told(worker: Worker) -> str | None:
    if worker.wish is None:
        return None
    return worker.wish.value + (f", by {worker.wished_by}" if worker.wished_by else "")


CARD = Card(
    name="workers",
    title="workers",
    columns=(
        Column("WORKER", pair(Worker, lambda w, at: f"{w.host or w.id} {w.pid or ''}".strip())),
        Column("STATE", pair(Worker, lambda w, at: standing(w, at.now)), width=18),
        Column("WISH", pair(Worker, lambda w, at: w.wish.value if w.wish else f.UNKNOWN), width=5, from_width=90),
        Column("RAN", pair(Worker, lambda w, at: f.count(w.running)), width=7, right=True),
        Column("HEARTBEAT", pair(Worker, lambda w, at: f.age(w.heartbeat_age_s)), width=9, right=True),
        Column("UP", pair(Worker, lambda w, at: f.ago(w.started_at, at.now)), width=6, right=True),
        Column("VERSION", pair(Worker, lambda w, at: w.version or f.UNKNOWN), width=9, from_width=70),
        Column("QUEUES", pair(Worker, lambda w, at: (", ".join(w.queues) or "all", "muted")), from_width=90),
    ),
    id_of=solo(Worker, lambda w: w.id),
    tone=solo(Worker, tone),
    empty="No workers: nothing will run until one is started (graveshift worker).",
    opens=solo(Worker, lambda w: Route("workers", id=w.id, crumb=w.host or w.id)),
    nodes=pair(Worker, nodes),
    verbs=("worker.quiet", "worker.resume", "worker.drain", "worker.stop"),
    fields=parameters(WORKER_FIELDS),
)
