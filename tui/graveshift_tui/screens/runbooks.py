"""Runbooks: the pages on what to do, to be read beside what fails."""

import re
from collections.abc import Iterable
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
LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]*\)")
"""A link of Markdown, of which its words are shown: a console has no page to go to."""
POINT: Final = re.compile(r" *(?:\d+\.|[-*]) +")


def nodes(page: Runbook, at: At) -> list[Node]:
    """The page as it was written, its paragraphs and the points of its lists broken between words."""
    room = max(20, at.width - EDGE)
    lines: list[str] = []
    for words, hang in _paragraphs(clean_lines(page.text, 2000, 500)):
        lines += wrap(words, room, subsequent_indent=" " * hang) or [""]
    return texts("runbook", lines)


def _paragraphs(lines: Iterable[str]) -> list[tuple[str, int]]:
    """Lines that belong together as one, with the cells by which all but the first are set in; code stays as it is."""
    found: list[tuple[str, int]] = []
    is_code = goes_on = False
    for line in lines:
        fence = line.lstrip().startswith("```")
        point = POINT.match(line)
        if is_code or fence or not line.strip() or _is_apart(line):
            found.append((line, 0))
        elif goes_on and not point:
            found[-1] = (f"{found[-1][0]} {line.strip()}", found[-1][1])
        else:
            found.append((line, len(point.group()) if point else 0))
        goes_on = bool(line.strip()) and not is_code and not fence and not _is_apart(line)
        is_code = is_code != fence
    return [(LINK.sub(r"\1", words).replace("**", ""), hang) for words, hang in found]


def _is_apart(line: str) -> bool:
    """A heading, a row of a table, or code: it goes on in no other line."""
    return line.lstrip().startswith(("#", "|")) or line.startswith("    ")


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
