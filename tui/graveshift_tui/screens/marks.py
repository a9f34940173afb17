"""Marks: deploys and other changes, the latest first."""

from graveshift.wire.marks import Mark
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node


def nodes(mark: Mark, at: At) -> list[Node]:
    """All that is known of one mark."""
    return facts(
        "mark",
        ("mark", mark.title),
        ("at", f.moment(mark.at)),
        ("kind", mark.kind.value),
        ("version", mark.version),
        ("link", mark.link),
        ("note", mark.note),
        ("by", mark.actor),
        ("source", mark.source),
        ("id", mark.id),
    )


CARD = Card(
    name="marks",
    title="marks",
    columns=(
        Column("MARK", pair(Mark, lambda m, at: m.title)),
        Column("AT", pair(Mark, lambda m, at: f.moment(m.at)), width=20),
        Column("KIND", pair(Mark, lambda m, at: (m.kind.value, "muted")), width=6),
        Column("VERSION", pair(Mark, lambda m, at: m.version or f.UNKNOWN), width=14, from_width=70),
        Column("BY", pair(Mark, lambda m, at: (m.actor, "muted")), width=14, from_width=90),
    ),
    id_of=solo(Mark, lambda m: m.id),
    tone=solo(Mark, lambda m: "text"),
    empty="No deploy or change was marked yet.",
    newest_first=True,
    opens=solo(Mark, lambda m: Route("marks", id=m.id, crumb=m.title)),
    nodes=pair(Mark, nodes),
    hints=("workers",),
    fields=(),
)
