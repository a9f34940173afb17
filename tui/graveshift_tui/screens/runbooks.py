"""Runbooks: the pages on what to do, to be read beside what fails."""

from graveshift.wire.runbooks import Runbook
from graveshift_tui.card import Card, Route
from graveshift_tui.sanitize import clean_lines
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node, texts


def nodes(page: Runbook, at: At) -> list[Node]:
    """The page as it was written."""
    return texts("runbook", clean_lines(page.text, 2000, 500))


CARD = Card(
    name="runbooks",
    title="runbooks",
    columns=(
        Column("RUNBOOK", pair(Runbook, lambda r, at: r.title)),
        Column("NAME", pair(Runbook, lambda r, at: (r.name, "muted")), width=24, from_width=60),
    ),
    id_of=solo(Runbook, lambda r: r.id),
    empty="No runbook is shipped with this backend.",
    opens=solo(Runbook, lambda r: Route("runbooks", id=r.id, crumb=r.title)),
    nodes=pair(Runbook, nodes),
)
