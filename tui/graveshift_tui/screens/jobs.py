"""Jobs: what waits, runs, tries again, and what became of it."""

from datetime import UTC, datetime, timedelta

from graveshift.wire.jobs import Job, JobDetail, JobState
from graveshift.wire.selection import JOB_FIELDS, parameters
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.edits import edit_nodes
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Cell, Column, pair, solo
from graveshift_tui.widgets.payload import json_nodes
from graveshift_tui.widgets.tree import Node

TONES = {
    JobState.RETRYING: "warn",
    JobState.DEAD: "crit",
    JobState.RUNNING: "ok",
    JobState.CANCELLED: "muted",
    JobState.HELD: "mark",
}


def state(job: Job, now: datetime) -> Cell:
    """`waiting`, `running 14m12s`."""
    since = f" {f.ago(job.started_at, now)}" if job.state is JobState.RUNNING and job.started_at else ""
    return f"{job.state.value}{since}", TONES.get(job.state, "")


def holder(job: Job, now: datetime) -> Cell:
    """Who has it: a worker, or a hold with its end; of one that is not due yet when it will be."""
    if job.state is not JobState.HELD:
        is_later = job.worker is None and job.run_at is not None and job.run_at > now
        due = f"due in {f.age((job.run_at - now).total_seconds())}" if is_later and job.run_at else ""
        return (due, "text") if due else (job.worker or "", "muted")
    if job.held_until is None:
        return "held, no end", "mark"
    far = job.held_until - now >= timedelta(days=1)
    return f"held until {job.held_until.astimezone(UTC).strftime('%d %b' if far else '%H:%M')}", "mark"


def nodes(job: Job, at: At) -> list[Node]:
    """One job with its payload."""
    more: tuple[tuple[str, str | None], ...] = ()
    if isinstance(job, JobDetail):
        more = (
            ("finished", f.moment(job.finished_at) if job.finished_at else None),
            ("trace", job.trace_url or job.trace_id),
            ("last run", job.run_id),
            ("held because", job.held_reason),
            ("held by", _held_by(job)),
            ("cancel", "asked for; the worker has not answered yet" if job.cancel_requested else None),
        )
    head = facts(
        "job",
        ("job", job.id),
        ("queue", f"{job.queue}  ({job.system})"),
        ("kind", job.kind),
        ("state", job.state.value),
        ("attempt", f"{f.count(job.attempt)} of {f.count(job.max_attempts)}"),
        ("priority", f.count(job.priority)),
        ("run at", f.moment(job.run_at)),
        ("enqueued", f.moment(job.enqueued_at)),
        ("started", f.moment(job.started_at)),
        ("worker", job.worker),
        ("unique key", job.unique_key),
        ("held until", _hold(job)),
        *more,
    )
    if isinstance(job, JobDetail) and job.payload is not None:
        raw = bytes(job.payload)
        size = (f"  {f.size(len(raw))}", "muted")
        head += [
            Node("gap", ()),
            Node("payload", (("payload", "bold heading"), size), json_nodes("payload", raw)),
            *edit_nodes(job.edits),
        ]
    return head


def _hold(job: Job) -> str | None:
    if job.state is not JobState.HELD:
        return None
    return f.moment(job.held_until) if job.held_until else "released"


def _held_by(job: JobDetail) -> str | None:
    """`ann since 2026-11-22 02:51:00Z`."""
    return f"{job.held_by} since {f.moment(job.held_at)}" if job.held_by else None


CARD = Card(
    name="jobs",
    title="jobs",
    columns=(
        Column("STATE", pair(Job, lambda j, at: state(j, at.now)), width=14),
        Column("QUEUE", pair(Job, lambda j, at: j.queue), width=12),
        Column("KIND", pair(Job, lambda j, at: j.kind)),
        Column("TRY", pair(Job, lambda j, at: f.count(j.attempt)), width=4, right=True),
        Column("ENQUEUED", pair(Job, lambda j, at: f.since(j.enqueued_at, at.now)), width=8, right=True),
        Column("PRIO", pair(Job, lambda j, at: f.count(j.priority)), width=4, right=True, from_width=90),
        Column("WORKER, OR DUE", pair(Job, lambda j, at: holder(j, at.now)), width=18, from_width=70),
        Column("JOB", pair(Job, lambda j, at: (j.id, "muted")), width=28, from_width=130),
    ),
    id_of=solo(Job, lambda j: j.id),
    empty="No jobs: the queue is empty and nothing runs.",
    newest_first=True,
    sorts=True,
    opens=solo(Job, lambda j: Route("jobs", id=j.id, crumb=j.kind)),
    nodes=pair(Job, nodes),
    verbs=("job.cancel", "job.hold", "job.release", "job.retry", "job.bury", "queue.pause"),
    fields=parameters(JOB_FIELDS),
)
