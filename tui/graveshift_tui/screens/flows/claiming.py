"""A claim: until when, and what one is about to do; or an end to one's own."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from graveshift.wire.groups import Group
from graveshift_tui import moments
from graveshift_tui.operate import Ask
from graveshift_tui.screens import ending, verbs
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.groups import named

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice

OPEN: Final = "until you release it"


def claim(flow: Flow) -> None:
    """Claims the cause under the cursor; one's own may be released instead, a colleague's is taken over."""
    group = flow.subject.row
    if not isinstance(group, Group):
        raise verbs.NotHere("no cause is under the cursor")
    mine = group.claim is not None and flow.seen is not None and group.claim.by == flow.seen.actor
    now = flow.seen.as_of if flow.seen else datetime.now(UTC)

    def then(chosen: tuple[str, str]) -> None:
        if chosen[0] == "release":
            flow.desk.order(Ask("group.release", {"group": group.id}, "Release", _named(group)))
            return
        until, words = moments.told(chosen[0], OPEN, now)
        args = {"group": group.id, "until": until, "note": chosen[1] or None}
        flow.desk.order(Ask("group.claim", args, "Claim", f"{_named(group)}, {words}"))

    note = group.note.text if group.note else None
    flow.choose(ending.chooser(_question(group, mine=mine), OPEN, now, _release() if mine else None, note), then)


def _question(group: Group, *, mine: bool) -> str:
    if mine:
        return "You are on it. Release it, or claim it anew?"
    return f"{group.claim.by} is on it. Take it over?" if group.claim else "Claim this cause: for how long?"


def _release() -> "Choice":
    from graveshift_tui.widgets.choose import Choice

    return Choice("release", "release it now", "nobody is on it then")


def _named(group: Group) -> str:
    return f"cause {named(group)}"
