"""Queues: how much waits, how old the oldest is, and whether it gets better."""

from graveshift.wire.queues import Queue
from graveshift.wire.selection import QUEUE_FIELDS, Filter, parameters
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens import standing
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.tree import Node

SLOW_S = 300


def tone(queue: Queue) -> str:
    """Loud where letters die, where the oldest job waits too long, or where nobody works."""
    if (queue.dead_per_min or 0) >= 1:
        return "crit"
    idle = queue.workers == 0 and bool(queue.waiting)
    late = not queue.paused and (queue.oldest_age_s or 0) >= SLOW_S
    return "warn" if idle or late else "text"


def pane(queue: Queue, at: At) -> list[Line]:
    """The queue under the cursor in words."""
    rates = f"in {f.rate(queue.in_per_s)}/s   out {f.rate(queue.out_per_s)}/s   dying {f.rate(queue.dead_per_min)}/min"
    if queue.workers is not None:
        rates += f"   {f.things(queue.workers, 'worker')}"
    lines: list[Line] = [((f" {f.fit(queue.name, at.width - 2)}", "bold bright"),), ((f"   {rates}", "text"),)]
    if queue.scheduled:
        lines.append(((f"   {f.things(queue.scheduled, 'job')} scheduled for later", "text"),))
    for said in standing.lines(queue, at.now):
        first, *rest = standing.folded(said, at.width - 6)
        lines += [((f"   {first}", "mark"),), *(((f"     {part}", "mark"),) for part in rest)]
    return lines if len(lines) > 2 else [*lines, ((f"   system {queue.system}", "muted"),)]


def nodes(queue: Queue, at: At) -> list[Node]:
    """All that is known of one queue."""
    return facts(
        "queue",
        ("queue", f"{queue.name}  ({queue.system})"),
        ("waiting", f.count(queue.waiting)),
        ("running", f.count(queue.running)),
        ("retrying", f.count(queue.retrying)),
        ("scheduled", f.count(queue.scheduled)),
        ("held", standing.held(queue, at.now) or f.count(queue.held)),
        ("dead", f.count(queue.dead)),
        ("oldest", f.age(queue.oldest_age_s)),
        ("in, out", f"{f.rate(queue.in_per_s)}/s, {f.rate(queue.out_per_s)}/s"),
        ("dying", f"{f.rate(queue.dead_per_min)}/min"),
        ("workers", f.count(queue.workers)),
        ("paused", standing.paused(queue, at.now)),
        ("draining", standing.draining(queue, at.now)),
        ("limit", standing.limited(queue, at.now)),
        ("id", queue.id),
    )


def opens(queue: Queue) -> Route:
    """Its dead letters where it has some, else its jobs."""
    card = "dlq" if queue.dead else "jobs"
    return Route(
        card,
        Filter(system=queue.system, queue=queue.name),
        crumb=f"{queue.name} {card}",
        promised=queue.dead if card == "dlq" else None,
    )


CARD = Card(
    name="queues",
    title="queues",
    columns=(
        Column("QUEUE", pair(Queue, lambda q, at: standing.name(q, at.width))),
        Column("WAITING", pair(Queue, lambda q, at: f.count(q.waiting)), width=8, right=True),
        Column("RETRY", pair(Queue, lambda q, at: f.count(q.retrying)), width=6, right=True, from_width=70),
        Column("RUN", pair(Queue, lambda q, at: f.count(q.running)), width=4, right=True, from_width=70),
        Column(
            "HELD",
            pair(Queue, lambda q, at: (f.count(q.held), "mark" if q.held else "")),
            width=5,
            right=True,
            from_width=76,
        ),
        Column("SCHEDULED", pair(Queue, lambda q, at: f.count(q.scheduled)), width=9, right=True, from_width=99),
        Column("DEAD", pair(Queue, lambda q, at: f.count(q.dead)), width=8, right=True),
        Column("OLDEST", pair(Queue, lambda q, at: f.age(q.oldest_age_s)), width=7, right=True),
        Column("IN/S", pair(Queue, lambda q, at: f.rate(q.in_per_s)), width=6, right=True, from_width=76),
        Column("OUT/S", pair(Queue, lambda q, at: f.rate(q.out_per_s)), width=6, right=True, from_width=76),
        Column("WORKERS", pair(Queue, lambda q, at: f.count(q.workers)), width=7, right=True, from_width=90),
        Column("SYSTEM", pair(Queue, lambda q, at: (q.system, "muted")), width=16, from_width=110),
    ),
    id_of=solo(Queue, lambda q: q.id),
    tone=solo(Queue, tone),
    empty="No queues yet: a queue appears with its first job.",
    opens=solo(Queue, opens),
    pane=pair(Queue, pane),
    pane_height=3,
    pane_most=14,
    nodes=pair(Queue, nodes),
    verbs=(
        "queue.pause",
        "queue.limit",
        "queue.drain",
        "queue.purge",
        "queue.letters",
        "queue.jobs",
        "dlq.requeue.all",
    ),
    hints=("jobs", "dlq"),
    fields=parameters(QUEUE_FIELDS),
)
