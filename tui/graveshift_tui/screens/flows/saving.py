"""The filter that holds is saved by a name that is typed, and a saved one is dropped."""

import re
from typing import TYPE_CHECKING, Final

from graveshift.wire.filters import SAVED_NAME, SavedFilter
from graveshift_tui.operate import Ask
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.saying import said

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice

NAME: Final = re.compile(SAVED_NAME)
LOOKS: Final = "A name is of letters, digits, dots, hyphens and underscores: late-mail."


def save(flow: Flow) -> None:
    """Asks for the name."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    text = flow.subject.query or said(flow.subject.filter)
    if not text:
        flow.desk.tell("no filter holds here: type one after / first", "warning")
        return

    def offer(typed: str) -> "Choice | None":
        name = typed.strip()
        return Choice(name, f"saved:{name}") if NAME.fullmatch(name) else None

    def order(chosen: tuple[str, str]) -> None:
        name, _ = chosen
        flow.desk.order(Ask("filter.save", {"name": name, "query": text}, "Save filter", f"{name}: {text}"))

    chooser = Chooser(f"Save {text} by which name?", [], typed=offer, looks=LOOKS, placeholder="a name: late-mail")
    flow.choose(chooser, order)


def drop(flow: Flow) -> None:
    """The one that is marked or under the cursor."""
    saved = flow.subject.row
    if not isinstance(saved, SavedFilter):
        flow.desk.tell(
            "one filter at a time: take the marks off" if flow.subject.rows else "no filter is here", "warning"
        )
        return
    flow.desk.order(Ask("filter.drop", {"name": saved.name}, "Drop filter", f"{saved.name}: {saved.query}"))
