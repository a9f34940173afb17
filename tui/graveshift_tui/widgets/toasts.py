"""A few words for a few seconds: three at most, news of one thing in the place of older news, off what is read."""

from collections.abc import Callable
from time import monotonic
from typing import Final, Literal

from msgspec import Struct
from textual.app import App

from graveshift_tui.format import phrase
from graveshift_tui.sanitize import clean

MOST: Final = 3
HEAD: Final = 2
"""Lines of band and crumbs."""
FOOT: Final = "#pane, #next, #hints"
WIDTH, EDGES = 56, 3
"""Cells of a toast, and those of them that border and padding take."""
SLACK: Final = 12
"""Cells that lines lose where words break."""
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
        self._held: list[Told] = []
        self._is_due = False

    def tell(self, text: str, severity: str, about: str) -> None:
        """Shows a text that may be hostile; news of something waits while a question is on the screen."""
        if about and self._app.screen.is_modal:
            held = [told for told in self._held if told.about != about]
            self._held = [*held, Told(text, severity, about, monotonic())][-MOST:]
            return
        on_show = [told for told in self._shown if told.ends > monotonic()]
        kept = [told for told in on_show if not about or told.about != about][1 - MOST :]
        self._shown = [*kept, Told(clean(text, 300), severity, about, monotonic() + STAYS_S)]
        if not self._is_due:
            self._is_due = True
            self._app.call_later(self._show)

    def release(self) -> None:
        """Shows what had to wait."""
        held, self._held = self._held, []
        for told in held:
            self.tell(told.text, told.severity, told.about)

    def _show(self) -> None:
        """All anew, once for everything told in one go; what has no room beside what is read is shortened, or goes."""
        self._is_due = False
        room = self._aside()
        self._app.clear_notifications()
        told = [one for one in self._shown if one.ends > monotonic()][-max(1, room) :]
        lines = max(1, room // max(1, len(told)))
        for one in told:
            severity = SEVERITIES.get(one.severity, "information")
            text = phrase(one.text, lines * self._width - (lines > 1) * SLACK)
            self._app.notify(text, severity=severity, timeout=one.ends - monotonic(), markup=False)

    @property
    def _width(self) -> int:
        """Cells of a line of a toast."""
        return max(20, min(WIDTH, self._app.size.width * 9 // 10) - EDGES)

    def _aside(self) -> int:
        """Above the cursor or below it, where there is more room: so many lines between the crumbs and the foot."""
        height = self._app.size.height
        foot, row = self._foot(height), self._reader_at()
        if row is None or not HEAD <= row < foot:
            row = HEAD - 1
        above, below = row - HEAD, foot - row - 1
        for rack in self._app.screen.query("ToastRack"):
            rack.remove_children()  # else what held those before stays, empty, and pushes these out of their place
            rack.set_class(above > below, "high")
            rack.styles.margin = (HEAD, 0, 0, 0) if above > below else (0, 0, height - foot, 0)
        return max(above, below)

    def _foot(self, height: int) -> int:
        """The first line of what tells of the row under the cursor, and of what to do next."""
        tops = (part.region.y for part in self._app.screen.query(FOOT) if part.region.height)
        return min((top for top in tops if top > 0), default=height - 1)
