"""A note on a cause: what is known of it, in a line that everybody sees; an empty one is never sent."""

from typing import TYPE_CHECKING, Final

from graveshift.wire.groups import Group
from graveshift_tui.operate import Ask
from graveshift_tui.screens import verbs
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.groups import named

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice

LONGEST: Final = 512
LOOKS: Final = f"A note is one line of at most {LONGEST} characters."


def note(flow: Flow) -> None:
    """Asks for the words, which take the place of those that are there; those can be taken away too."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    group = flow.subject.row
    if not isinstance(group, Group):
        raise verbs.NotHere("no cause is under the cursor")

    def offer(typed: str) -> "Choice | None":
        words = typed.strip()
        return Choice(words, f"write: {words}") if 0 < len(words) <= LONGEST else None

    def then(chosen: tuple[str, str]) -> None:
        scope = f"cause {named(group)}"
        flow.desk.order(Ask("group.note", {"group": group.id, "note": chosen[0] or None}, "Note", scope))

    before = group.note
    there = [Choice("", "take the note away", f"{before.text} ({before.by})")] if before else []
    question = "Another note on this cause, or none?" if before else "What should others know of this cause?"
    flow.choose(Chooser(question, there, typed=offer, looks=LOOKS, placeholder="calling the bank, back at nine"), then)
