"""Schedules: what comes by itself, when it comes next, and which job it gave last."""

from graveshift.wire.schedules import ScheduleInfo
from graveshift_tui import format as f
from graveshift_tui.screen import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node


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
        ("next", f.moment(schedule.next_at)),
        ("last slot", f.moment(schedule.last_slot)),
        ("fired", f.moment(schedule.last_fired_at)),
        ("last job", schedule.last_job),
    )


CARD = Card(
    name="schedules",
    title="schedules",
    columns=(
        Column("SCHEDULE", pair(ScheduleInfo, lambda s, at: s.id)),
        Column(
            "NEXT", pair(ScheduleInfo, lambda s, at: f.moment(s.next_at) if s.enabled else ("off", "muted")), width=20
        ),
        Column("LAST", pair(ScheduleInfo, lambda s, at: f.moment(s.last_slot)), width=20, from_width=70),
        Column("JOB", pair(ScheduleInfo, lambda s, at: (s.last_job or f.UNKNOWN, "muted")), width=16, from_width=90),
        Column("CRON", pair(ScheduleInfo, lambda s, at: (s.cron, "muted")), width=16, from_width=110),
        Column("QUEUE", pair(ScheduleInfo, lambda s, at: s.queue), width=12, from_width=130),
    ),
    id_of=solo(ScheduleInfo, lambda s: s.id),
    tone=solo(ScheduleInfo, lambda s: "text" if s.enabled else "muted"),
    empty="Nothing comes by itself: the settings have no schedules.",
    opens=solo(ScheduleInfo, lambda s: Route("schedules", id=s.id, crumb=s.id)),
    nodes=pair(ScheduleInfo, nodes),
    hints=("jobs",),
    fields=(),
)
