"""What operators changed in a payload on its way back: by whom, in which run, and the payload before it, folded."""

from collections.abc import Sequence

from graveshift.wire.edits import Edit
from graveshift_tui import format as f
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.payload import json_nodes
from graveshift_tui.widgets.tree import Node


def edit_nodes(edits: Sequence[Edit]) -> list[Node]:
    """Oldest first, below a heading; nothing where nobody edited it."""
    if not edits:
        return []
    shown = tuple(_edit(i, edit) for i, edit in enumerate(edits))
    return [Node("gap-edits", ()), Node("edits", (("payload before edits", "bold heading"),), shown)]


def _edit(index: int, edit: Edit) -> Node:
    path = f"edits/{index}"
    head: Line = (
        (f"{f.moment(edit.at)}  ", "text"),
        (f"run {edit.run_id} by {f.fit(edit.by, min(24, len(edit.by)))}", "muted"),
    )
    return Node(path, head, json_nodes(path, bytes(edit.original)), shut=True)
