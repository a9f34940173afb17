"""The least that a Textual app can be: what the console's start is measured against."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Bare(App[None]):
    """One word."""

    def compose(self) -> ComposeResult:
        """The word."""
        yield Static("connecting")


if __name__ == "__main__":
    Bare().run()
