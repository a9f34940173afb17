"""Saved filters: what each is called and says; enter shows the letters that it finds."""

from graveshift.wire.filters import SavedFilter
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens.facts import facts
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node


def nodes(saved: SavedFilter, at: At) -> list[Node]:
    """All that is known of one."""
    return facts(
        "filter",
        ("name", saved.name),
        ("text", saved.query),
        ("saved", f.moment(saved.saved_at)),
        ("by", saved.saved_by),
    )


def _letters(saved: SavedFilter) -> Route:
    query = f"saved:{saved.name}"
    return Route("dlq", query=query, said=saved.query)


CARD = Card(
    name="filters",
    title="filters",
    columns=(
        Column("NAME", pair(SavedFilter, lambda s, at: s.name), width=20),
        Column("TEXT", pair(SavedFilter, lambda s, at: s.query)),
        Column("BY", pair(SavedFilter, lambda s, at: (s.saved_by, "muted")), width=12, from_width=70),
        Column("SAVED", pair(SavedFilter, lambda s, at: (f.moment(s.saved_at), "muted")), width=20, from_width=100),
    ),
    id_of=solo(SavedFilter, lambda s: s.id),
    tone=solo(SavedFilter, lambda s: "text"),
    empty="No filter is saved yet.",
    opens=solo(SavedFilter, _letters),
    nodes=pair(SavedFilter, nodes),
    verbs=("filter.drop",),
    fields=(),
)
