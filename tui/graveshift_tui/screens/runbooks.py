"""Runbooks: the pages on what to do, to be read beside what fails."""

from textwrap import wrap
from typing import Final, Protocol

from msgspec import Struct

from graveshift.wire.groups import Group
from graveshift.wire.runbooks import Runbook
from graveshift_tui.card import Card, Route
from graveshift_tui.sanitize import clean, clean_lines
from graveshift_tui.widgets.columns import At, Column, pair, solo
from graveshift_tui.widgets.tree import Node, texts

EDGE: Final = 6


def nodes(page: Runbook, at: At) -> list[Node]:
    """The page as it was written, its lines broken between words."""
    room = max(20, at.width - EDGE)
    lines = [part for line in clean_lines(page.text, 2000, 500) for part in wrap(line, room) or [""]]
    return texts("runbook", lines)


class Host(Protocol):
    """What leads to a page, or says where one is."""

    def go(self, route: Route) -> None:
        """Opens a place on top."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""


def open_runbook(host: Host, row: Struct | None) -> None:
    """The page of the cause, or its address in words; what has neither says so."""
    book = row.runbook if isinstance(row, Group) else None
    if book is None:
        host.tell("no cause with a runbook is under the cursor", "warning")
    elif book.page is not None:
        host.go(Route("runbooks", id=book.page, crumb=book.title))
    else:
        host.tell(f"{book.title}: {clean(book.url or '', 2000)}")


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
