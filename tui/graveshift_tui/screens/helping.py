"""All keys on one page, made from the keymap and from what this token may do."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap

from msgspec import Struct
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen

from graveshift_tui.format import fit
from graveshift_tui.keymap import Keymap
from graveshift_tui.screens.asking import WhyNot
from graveshift_tui.widgets.choose import Choice
from graveshift_tui.widgets.detail import Detail
from graveshift_tui.widgets.paint import Line, width_of
from graveshift_tui.widgets.tree import Node

WIDE = 70
KEYS = 12
"""Cells of the keys of an action."""
ENDS = {"cursor.top": -10_000, "cursor.end": 10_000}


def choices(keymap: Keymap, places: Sequence[str], why_not: WhyNot) -> list[Choice]:
    """What the palette offers: every action that works here."""
    return [
        Choice(action, f"{key.title}  ({action})", keymap.all_shown(action), why_not(action))
        for action, key in keymap.of(*places).items()
        if not action.startswith("cursor.") and action != "palette"
    ]


class Here(Struct, frozen=True):
    """Where help was asked for: `verbs` as the hints offer them, `owners` the cards that each action is for."""

    title: str
    card: str
    places: tuple[str, ...]
    verbs: Sequence[str]
    owners: Mapping[str, Sequence[str]]

    def elsewhere(self, action: str) -> bool:
        """True of what is for other cards, whatever key it has here."""
        owners = self.owners.get(action, ())
        return bool(owners) and self.card not in owners


def page(keymap: Keymap, why_not: WhyNot, width: int, here: Here) -> list[Line]:
    """What can be done here, then anywhere, then on other screens; every action once, its title whole."""
    works = [action for action in keymap.keys if keymap.works(action, *here.places) and not here.elsewhere(action)]
    own = [action for action in here.verbs if action in works]
    own += [action for action in works if here.owners.get(action) and action not in own]
    going = [action for action in keymap.keys if action.startswith("goto.")]
    dialog = [action for action, key in keymap.keys.items() if key.where == ("dialog",)]
    moving = [action for action in works if action.startswith("cursor.") and action not in own]
    told = {*own, *going, *dialog, *moving}
    anywhere = [action for action in works if action not in told]
    sheet = _Sheet(keymap, why_not, width, here)
    others = sorted((action for action in keymap.keys if action not in {*told, *anywhere}), key=sheet.owner)
    parts = ((here.title, own), ("anywhere", anywhere), ("moving", moving), ("going to a screen", going),
             ("in a question", dialog), ("on other screens", others))  # fmt: skip
    return [line for name, actions in parts if actions for line in sheet.part(name, actions)]


class _Sheet(Struct, frozen=True):
    """Entries for a width."""

    keymap: Keymap
    why_not: WhyNot
    width: int
    here: Here

    def part(self, name: str, actions: Sequence[str]) -> list[Line]:
        """A heading and its keys, in two columns where there is room for them."""
        is_wide = self.width >= WIDE
        room = (self.width // 2 if is_wide else self.width) - 1
        told = [self._entry(action, room) for action in actions]
        half = (len(told) + 1) // 2 if is_wide else len(told)
        left, right = ([line for entry in part for line in entry] for part in (told[:half], told[half:]))
        sides = zip_longest(left, right, fillvalue=())
        return [((f" {name}", "bold heading"),), *((*_padded(a, room + 1), *b) if b else a for a, b in sides), ()]

    def owner(self, action: str) -> str:
        """The cards that an action is for, else the kind of screen."""
        owners = self.here.owners.get(action) or self.keymap.cards(action)
        return ", ".join(owners) or ("one thing" if self.keymap.keys[action].where == ("detail",) else "lists")

    def _entry(self, action: str, width: int) -> list[Line]:
        """The keys, and what they do, in as many lines as that takes."""
        keymap, here, forbidden = self.keymap, self.here, self.why_not(action)
        is_elsewhere = here.elsewhere(action) or not keymap.works(action, *here.places)
        is_placed = is_elsewhere and not action.startswith("goto.") and keymap.keys[action].where != ("dialog",)
        place = f"{self.owner(action)}: " if is_placed else ""
        first, *more = wrap(f"{'(not allowed) ' if forbidden else ''}{place}{keymap.title(action)}", width - KEYS - 1)
        keys, words = ("muted", "muted") if forbidden else ("bold accent", "text")
        presses = keymap.all_shown(action) if is_placed else " ".join(keymap.working(action, *here.places))
        head: Line = ((f" {fit(presses or keymap.all_shown(action), KEYS)}", keys), (first, words))
        return [head, *(((" " * (KEYS + 1), "text"), (part, words)) for part in more)]


def _padded(line: Line, width: int) -> Line:
    return (*line, (" " * (width - width_of(line)), "text"))


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Any of its keys closes it again."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: transparent; }
    HelpScreen > Vertical { width: 80; max-width: 100%; height: auto; max-height: 100%;
        background: $background; border: round $primary; border-title-color: $primary; }
    HelpScreen Detail { height: auto; max-height: 100%; }
    """

    def __init__(self, keymap: Keymap, why_not: WhyNot, here: Here) -> None:
        super().__init__()
        self.keymap = keymap
        self.why_not = why_not
        self.here = here

    def compose(self) -> ComposeResult:
        """One document."""
        with Vertical():
            yield Detail()

    def on_mount(self) -> None:
        """Lines for the width there is."""
        *lines, _ = page(self.keymap, self.why_not, min(self.app.size.width, 80) - 7, self.here)
        rows: Sequence[Node] = [Node(f"help/{i}", line) for i, line in enumerate(lines)]
        self.query_one(Detail).show(rows)
        self.query_one(Detail).styles.height = min(len(rows), self.app.size.height - 2)
        self.query_one(Vertical).border_title = "keys"
        if len(rows) > self.app.size.height - 2:
            self.query_one(Vertical).border_subtitle = "more below"
        self.query_one(Detail).focus()

    def on_key(self, event: Key) -> None:
        """Scroll with the keys that move; every other key closes."""
        event.stop()
        press = event.character if event.character and event.character.isprintable() else event.key
        moves = {"cursor.up": -1, "cursor.down": 1, "cursor.page_up": -10, "cursor.page_down": 10, **ENDS}
        action = self.keymap.action(press, "screens") or ""
        if action in moves:
            self.query_one(Detail).move(moves[action])
        else:
            self.dismiss(None)
