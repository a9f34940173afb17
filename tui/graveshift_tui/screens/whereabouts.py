"""Where the reader is, for the page of keys: what this screen offers, and which cards each key is for."""

from typing import TYPE_CHECKING, Final

from graveshift_tui.keymap import Keymap
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens import CARDS

if TYPE_CHECKING:
    from graveshift_tui.screens.helping import Here

ANYWHERE: Final = ("backup.create", "run.stop", "run.undo", "run.rate", "run.faster", "run.slower", "secret.rotate")
"""Verbs that need no row of their card: they find what they act on."""


def whereabouts(screen: ConsoleScreen, keymap: Keymap) -> "Here":
    """Of the screen on top."""
    from graveshift_tui.screens.helping import Here

    card = screen.subject().card
    title = CARDS[card].title if card in CARDS else card
    return Here(f"{title}, here", card, screen.places, screen.verbs(), owners(keymap))


def owners(keymap: Keymap) -> dict[str, tuple[str, ...]]:
    """The cards that an action is for, by what they offer and where its key is; none where it is for all."""
    found = {}
    for action in keymap.keys:
        cards = [name for name, card in CARDS.items() if action in card.verbs]
        placed = keymap.cards(action)
        found[action] = () if action in ANYWHERE else tuple(dict.fromkeys((*cards, *placed)))
    return found
