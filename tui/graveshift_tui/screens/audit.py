"""The record: who did what, in order."""

from graveshift.wire.audit import AuditEntry
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node

BAD = frozenset({"refused", "denied", "failed", "lost"})


def nodes(entry: AuditEntry, at: At) -> list[Node]:
    """One entry in full."""
    return facts(
        "audit",
        ("number", str(entry.seq)),
        ("at", f.moment(entry.at)),
        ("by", entry.actor),
        ("operation", entry.operation),
        ("outcome", entry.outcome),
        ("things", f.count(entry.total) if entry.total is not None else None),
        ("reason", entry.reason),
        ("run", entry.run_id),
        ("plan", entry.plan_id),
        ("from", entry.source),
    )


CARD = Card(
    name="audit",
    title="audit",
    columns=(
        Column("#", pair(AuditEntry, lambda e, at: str(e.seq)), width=7, right=True),
        Column("AT", pair(AuditEntry, lambda e, at: f.moment(e.at)), width=20),
        Column("BY", pair(AuditEntry, lambda e, at: e.actor), width=10),
        Column("OPERATION", pair(AuditEntry, lambda e, at: e.operation), width=14),
        Column("OUTCOME", pair(AuditEntry, lambda e, at: (e.outcome, "crit" if e.outcome in BAD else "")), width=10),
        Column("THINGS", pair(AuditEntry, lambda e, at: f.count(e.total)), width=7, right=True, from_width=80),
        Column("RUN", pair(AuditEntry, lambda e, at: e.run_id or ""), width=8, from_width=100),
        Column("REASON", pair(AuditEntry, lambda e, at: (e.reason or "", "muted"))),
    ),
    id_of=solo(AuditEntry, lambda e: str(e.seq)),
    empty="Nothing on the record yet.",
    newest_first=True,
    opens=solo(AuditEntry, lambda e: Route("audit", id=str(e.seq), crumb=f"entry {e.seq}")),
    nodes=pair(AuditEntry, nodes),
    fields=(),
)
