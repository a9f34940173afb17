"""All keys on one page, made from the keymap and from what this token may do."""

from collections.abc import Sequence
from itertools import zip_longest

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen

from graveshift_tui.format import fit
from graveshift_tui.keymap import Keymap
from graveshift_tui.screens.asking import WhyNot
from graveshift_tui.widgets.choose import Choice
from graveshift_tui.widgets.detail import Detail
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.tree import Node

WIDE = 70


def choices(keymap: Keymap, places: Sequence[str], why_not: WhyNot) -> list[Choice]:
    """What the palette offers: every action that works here."""
    return [
        Choice(action, f"{key.title}  ({action})", keymap.all_shown(action), why_not(action))
        for action, key in keymap.of(*places).items()
        if not action.startswith("cursor.") and action != "palette"
    ]


def page(keymap: Keymap, why_not: WhyNot, width: int) -> list[Line]:
    """Two columns of keys where there is room for them."""
    entries = [
        _entry(keymap, action, why_not(action), (width // 2 if width >= WIDE else width) - 2) for action in keymap.keys
    ]
    if width < WIDE:
        return entries
    half = (len(entries) + 1) // 2
    return [(*left, *(right or ())) for left, right in zip_longest(entries[:half], entries[half:])]


def _entry(keymap: Keymap, action: str, why_not: str | None, width: int) -> Line:
    keys = fit(keymap.all_shown(action), 12)
    only = ("dialog",) if keymap.keys[action].where == ("dialog",) else keymap.cards(action)
    place = f"{', '.join(only)}: " if only else ""
    title = fit(f"{'(not allowed) ' if why_not else ''}{place}{keymap.title(action)}", width - 13)
    return ((f" {keys}", "bold accent" if not why_not else "muted"), (f"{title} ", "text" if not why_not else "muted"))


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Any of its keys closes it again."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: transparent; }
    HelpScreen > Vertical { width: 80; max-width: 100%; height: auto; max-height: 100%;
        background: $background; border: round $primary; border-title-color: $primary; }
    HelpScreen Detail { height: auto; max-height: 100%; }
    """

    def __init__(self, keymap: Keymap, why_not: WhyNot) -> None:
        super().__init__()
        self.keymap = keymap
        self.why_not = why_not

    def compose(self) -> ComposeResult:
        """One document."""
        with Vertical():
            yield Detail()

    def on_mount(self) -> None:
        """Lines for the width there is."""
        lines = page(self.keymap, self.why_not, min(self.app.size.width, 80) - 7)
        rows: Sequence[Node] = [Node(f"help/{i}", line) for i, line in enumerate(lines)]
        self.query_one(Detail).show(rows)
        self.query_one(Detail).styles.height = min(len(rows), self.app.size.height - 2)
        self.query_one(Vertical).border_title = "keys"
        self.query_one(Detail).focus()

    def on_key(self, event: Key) -> None:
        """Scroll with the keys that move; every other key closes."""
        event.stop()
        press = event.character if event.character and event.character.isprintable() else event.key
        moves = {"cursor.up": -1, "cursor.down": 1, "cursor.page_up": -10, "cursor.page_down": 10}
        action = self.keymap.action(press, "screens") or ""
        if action in moves:
            self.query_one(Detail).move(moves[action])
        else:
            self.dismiss(None)
