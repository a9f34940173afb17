"""What is needed of the app by what its keys do."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from textual.app import App

from graveshift.wire.operations import OperationInfo
from graveshift_tui.card import Route
from graveshift_tui.client import Client
from graveshift_tui.feed import Feed
from graveshift_tui.keymap import Keymap
from graveshift_tui.operate import Ask
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.settings import Settings
from graveshift_tui.widgets.band import Pulse

T = TypeVar("T")


class Host(Protocol):
    """The app, as far as keys go."""

    @property
    def app(self) -> App[object]:
        """The app that overlays are laid over."""

    settings: Settings
    keymap: Keymap
    client: Client | None
    feed: Feed | None
    pulse: Pulse
    operations: dict[str, OperationInfo]

    def here(self) -> ConsoleScreen | None:
        """The screen on top, where it is one of ours."""

    def go(self, route: Route) -> None:
        """Opens a place on top."""

    def go_home(self, route: Route) -> None:
        """Opens a place right above the overview."""

    def go_back(self) -> None:
        """One step back."""

    def leave(self) -> None:
        """Quits, asking where runs are live."""

    def use_theme(self, name: str) -> None:
        """Other colours."""

    def copy_to_clipboard(self, text: str) -> None:
        """Hands a text to the terminal's clipboard."""

    def look(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer."""

    def order(self, ask: Ask) -> None:
        """Plans, asks and runs."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""
