"""A text goes to the terminal's clipboard, and is shown: nobody can know whether the terminal took it."""

import os
from typing import Final, Protocol

from graveshift_tui.sanitize import clean

SHOWN: Final = 170
TMUX: Final = "(tmux drops it without `set -g set-clipboard on`)"


class Host(Protocol):
    """What copying needs of the app."""

    def copy_to_clipboard(self, text: str) -> None:
        """Hands a text to the terminal's clipboard."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""


def copy(host: Host, text: str) -> None:
    """Says what was sent, and inside tmux what that needs to let it through."""
    harmless = clean(text)
    host.copy_to_clipboard(harmless)
    shown = f"sent to the clipboard: {clean(harmless, SHOWN)}"
    host.tell(f"{shown} {TMUX}" if os.environ.get("TMUX") else shown, "information", "copied")
