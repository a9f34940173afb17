"""A few words for a few seconds: three at most, news of one thing in the place of older news, off the reader's row."""

from collections.abc import Callable
from time import monotonic
from typing import Final, Literal

from msgspec import Struct
from textual.app import App

from graveshift_tui.sanitize import clean

MOST: Final = 3
STAYS_S: Final = 4.0
SEVERITIES: Final[dict[str, Literal["information", "warning", "error"]]] = {"warning": "warning", "error": "error"}


class Told(Struct, frozen=True):
    """One toast, gone at `ends` (of `time.monotonic`); `about` names what it is news of, empty for nothing."""

    text: str
    severity: str
    about: str
    ends: float


class Toasts:
    """Keeps what is on show; `reader_at` is the line of the screen with the cursor, None where there is none."""

    def __init__(self, app: App[int], reader_at: Callable[[], int | None]) -> None:
        self._app = app
        self._reader_at = reader_at
        self._shown: list[Told] = []
        self._is_due = False

    def tell(self, text: str, severity: str, about: str) -> None:
        """Shows a text that may be hostile."""
        on_show = [told for told in self._shown if told.ends > monotonic()]
        kept = [told for told in on_show if not about or told.about != about][1 - MOST :]
        self._shown = [*kept, Told(clean(text, 300), severity, about, monotonic() + STAYS_S)]
        if not self._is_due:
            self._is_due = True
            self._app.call_later(self._show)

    def _show(self) -> None:
        """All anew, once for everything told in one go."""
        self._is_due = False
        self._aside()
        self._app.clear_notifications()
        for told in self._shown:
            severity = SEVERITIES.get(told.severity, "information")
            if (left := told.ends - monotonic()) > 0:
                self._app.notify(told.text, severity=severity, timeout=left, markup=False)

    def _aside(self) -> None:
        """In the half of the screen where the cursor is not, and above what is told of its row."""
        row, height = self._reader_at(), self._app.size.height
        for rack in self._app.screen.query("ToastRack"):
            high = row is not None and row >= height // 2
            rack.set_class(high, "high")
            rack.styles.margin = (2, 0, 0, 0) if high else (0, 0, 1 + self._pane_height(), 0)

    def _pane_height(self) -> int:
        """Lines above the hints that tell of the row under the cursor: right after an act they are what is read."""
        return sum(pane.size.height for pane in self._app.screen.query("#pane"))
