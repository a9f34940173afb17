"""The trash: letters that were discarded, by which run, and what they were."""

from graveshift.wire.dlq import Letter
from graveshift.wire.selection import TRASH_FIELDS, parameters
from graveshift.wire.trash import Discarded, DiscardedDetail
from graveshift_tui import format as f
from graveshift_tui.card import Card, Route
from graveshift_tui.screens import dlq
from graveshift_tui.screens.facts import facts
from graveshift_tui.screens.groups import short
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node


def nodes(letter: Letter, at: At) -> list[Node]:
    """When and by what it was discarded, and then the letter."""
    if not isinstance(letter, Discarded | DiscardedDetail):
        return dlq.nodes(letter, at)
    when = f"{f.moment(letter.discarded_at)}   {f.ago(letter.discarded_at, at.now)} ago"
    head = facts("trash", ("discarded", when), ("by run", letter.discarded_by))
    return [*head, Node("gap0", ()), *dlq.nodes(letter, at)]


CARD = Card(
    name="trash",
    title="trash",
    columns=(
        Column("GONE", pair(Discarded, lambda x, at: f.since(x.discarded_at, at.now)), width=5, right=True),
        Column("QUEUE", pair(Discarded, lambda x, at: x.queue), width=11),
        Column("KIND", pair(Discarded, lambda x, at: (x.kind, "muted")), width=16, from_width=96),
        Column("ERROR", pair(Discarded, lambda x, at: dlq.title(x))),
        Column("RUN", pair(Discarded, lambda x, at: (x.discarded_by, "muted")), width=8, right=True, from_width=70),
        Column("DIED", pair(Discarded, lambda x, at: f.since(x.died_at, at.now)), width=5, right=True, from_width=80),
    ),
    id_of=solo(Discarded, lambda x: x.id),
    empty="The trash is empty: nothing was discarded lately.",
    newest_first=True,
    opens=solo(Discarded, lambda x: Route("trash", id=x.id, crumb=short(x.error_type))),
    nodes=pair(Letter, nodes),
    verbs=("dlq.restore", "trash.empty"),
    hints=("dlq", "runs"),
    fields=parameters(TRASH_FIELDS),
)
