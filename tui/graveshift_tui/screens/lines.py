"""What can be typed after `:` besides places, by name: the palette offers it as it offers actions."""

from collections.abc import Sequence
from typing import Final

from graveshift_tui.screens.driving import MODES
from graveshift_tui.widgets.choose import Choice

SIGN: Final = ":"
TOLD: Final = (
    ("export", "FILE", "Export to a file: CSV, JSON lines"),
    ("by", "FIELD", "Tell this cause by a field"),
    ("theme", "NAME", "Other colours: night, day"),
)
DRIVES: Final = {
    "break": "Make the demo's downstream fail",
    "heal": "Heal the demo's downstream",
    "reset": "Reset the demo's downstream",
}


def lines(*, demo: bool) -> Sequence[Choice]:
    """Each with the line that it stands for; one that ends with a blank wants a word more."""
    driven = [(f"demo {mode}", "", DRIVES[mode]) for mode in MODES] if demo else []
    return [_choice(word, wants, title) for word, wants, title in (*TOLD, *driven)]


def _choice(word: str, wants: str, title: str) -> Choice:
    line = f"{SIGN}{word} {wants}".rstrip()
    return Choice(f"{SIGN}{word} " if wants else line, f"{title}  ({line})", f"{SIGN}{word.partition(' ')[0]}")
