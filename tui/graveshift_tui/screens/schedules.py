"""Schedules: what comes by itself, when it comes next, and which job it gave last."""

from graveshift.wire.schedules import ScheduleInfo
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Cell, Column, pair, solo
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.tree import Node

POLICIES = {
    "skip": "missed slots are left out",
    "once": "one job makes up for all missed slots",
    "all": "a job makes up for each missed slot",
}


def name(schedule: ScheduleInfo, width: int) -> Cell:
    """The name, with PAUSED beside it."""
    if not schedule.paused:
        return schedule.id
    room = max(4, min(len(schedule.id), width - len("  PAUSED")))
    return f"{f.fit(schedule.id, room)}  PAUSED", "mark"


def following(schedule: ScheduleInfo) -> Cell:
    """When it next gives a job."""
    if not schedule.enabled:
        return "off", "muted"
    if schedule.paused and schedule.next_at is None:
        return "when resumed", "mark"
    return f.moment(schedule.next_at)


def pause_line(schedule: ScheduleInfo) -> str:
    """Who paused it, until when and why; empty where nobody did."""
    if not schedule.paused:
        return ""
    until = f"until {f.moment(schedule.paused_until)}" if schedule.paused_until else "until resumed"
    by = f" by {schedule.paused_by}" if schedule.paused_by else ""
    return f"paused{by} {until}" + (f': "{schedule.paused_reason}"' if schedule.paused_reason else "")


def pane(schedule: ScheduleInfo, at: At) -> list[Line]:
    """The schedule under the cursor in words."""
    gives = f"{schedule.kind} in queue {schedule.queue}   {schedule.cron} {schedule.timezone}"
    state = pause_line(schedule)
    return [
        ((f" {f.fit(schedule.id, at.width - 2)}", "bold bright"),),
        ((f"   {f.fit(gives, at.width - 4)}", "text"),),
        ((f"   {f.fit(state or POLICIES.get(schedule.missed, ''), at.width - 4)}", "mark" if state else "muted"),),
    ]


def nodes(schedule: ScheduleInfo, at: At) -> list[Node]:
    """All that is known of one schedule."""
    return facts(
        "schedule",
        ("schedule", schedule.id),
        ("cron", schedule.cron),
        ("time zone", schedule.timezone),
        ("queue", schedule.queue),
        ("kind", schedule.kind),
        ("missed", schedule.missed),
        ("enabled", "yes" if schedule.enabled else "no"),
        ("paused", pause_line(schedule)),
        ("next", f.moment(schedule.next_at)),
        ("last slot", f.moment(schedule.last_slot)),
        ("fired", f.moment(schedule.last_fired_at)),
        ("last job", schedule.last_job),
    )


CARD = Card(
    name="schedules",
    title="schedules",
    columns=(
        Column("SCHEDULE", pair(ScheduleInfo, lambda s, at: name(s, at.width))),
        Column("NEXT", pair(ScheduleInfo, lambda s, at: following(s)), width=20),
        Column("LAST", pair(ScheduleInfo, lambda s, at: f.moment(s.last_slot)), width=20, from_width=70),
        Column("JOB", pair(ScheduleInfo, lambda s, at: (s.last_job or f.UNKNOWN, "muted")), width=16, from_width=90),
        Column("CRON", pair(ScheduleInfo, lambda s, at: (s.cron, "muted")), width=16, from_width=110),
        Column("QUEUE", pair(ScheduleInfo, lambda s, at: s.queue), width=12, from_width=130),
    ),
    id_of=solo(ScheduleInfo, lambda s: s.id),
    tone=solo(ScheduleInfo, lambda s: "text" if s.enabled else "muted"),
    empty="Nothing comes by itself: the settings have no schedules.",
    opens=solo(ScheduleInfo, lambda s: Route("schedules", id=s.id, crumb=s.id)),
    pane=pair(ScheduleInfo, pane),
    pane_height=3,
    nodes=pair(ScheduleInfo, nodes),
    verbs=("schedule.fire", "schedule.pause"),
    hints=("jobs", "runs"),
    fields=(),
)
