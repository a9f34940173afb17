"""The way out: at once where nothing is under way, and after a question that names what is."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from textual.screen import Screen

from graveshift.wire.runs import Run
from graveshift_tui.client import Client
from graveshift_tui.operate import progress
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError, Home, Settings
from graveshift_tui.widgets.band import Pulse
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.yesno import YesNo

ASKED: Final = {
    Home.BACKEND: "The backend carries on",
    Home.DEMO: "The demo ends, and these with it",
    Home.KEPT_DEMO: "The demo stops, and these go on when it starts again",
}
TOLD: Final = {
    Home.BACKEND: "continues",
    Home.DEMO: "ended with the demo",
    Home.KEPT_DEMO: "goes on when the demo starts again",
}


class Leaves(Protocol):
    """The app, as far as leaving goes."""

    settings: Settings
    pulse: Pulse
    client: Client | None

    @property
    def screen(self) -> Screen[object]: ...
    def look(self, reading: Awaitable[list[Run]], then: Callable[[list[Run]], None]) -> None: ...
    def push_screen(self, screen: YesNo, callback: Callable[[bool | None], None]) -> object: ...
    def exit(self, result: int, return_code: int = 0, message: str | None = None) -> None: ...


class Leaving:
    """Asks only where runs are live."""

    def __init__(self, app: Leaves) -> None:
        self._app = app

    def start(self) -> None:
        """Leaves at once, or asks about the runs that are live by the latest word of the backend."""
        known = _live(self._app.pulse.overview.runs) if self._app.pulse.overview else []
        if not known:
            self._app.exit(0)
        elif self._app.client is None or self._app.pulse.error:
            self._ask(known)
        else:
            self._app.look(self._still_live(self._app.client, known), self._ask)

    async def _still_live(self, client: Client, known: list[Run]) -> list[Run]:
        with suppress(ConsoleError):
            return _live((await client.overview()).runs)
        return known

    def _ask(self, live: list[Run]) -> None:
        if not live:
            self._app.exit(0)
        elif not isinstance(self._app.screen, YesNo):
            home, now = self._app.settings.home, self._since(live)
            self._app.push_screen(
                quit_question(live, home, now),
                lambda yes: self._app.exit(0, message=farewell(now(), home) or None) if yes else None,
            )

    def _since(self, live: list[Run]) -> Callable[[], list[Run]]:
        """What is live by the newest overview; `live` until there is another than now."""
        first = self._app.pulse.overview

        def now() -> list[Run]:
            seen = self._app.pulse.overview
            return live if seen is None or seen is first else _live(seen.runs)

        return now


def _live(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.state.is_live]


def quit_question(live: Sequence[Run], home: Home, now: Callable[[], Sequence[Run]]) -> YesNo:
    """Names what goes on, or what ends with a demo; `now` tells what does while it is open."""
    return YesNo(_words(live, home), "Leave", "Stay", lambda: _words(now(), home))


def _words(live: Sequence[Run], home: Home) -> list[Line]:
    if not live:
        return [(("  Leave? No run is under way any more.", "bold text"),)]
    lines: list[Line] = [((f"  Leave? {ASKED[home]}:", "bold text"),)]
    lines += [((f"    run {run.id} {run.operation}, {progress(run)}", "text"),) for run in live[:6]]
    lines += [((f"    and {len(live) - 6} more", "muted"),)] if len(live) > 6 else []
    return lines


def farewell(live: Sequence[Run], home: Home) -> str:
    """The same on the terminal that is left behind."""
    return "\n".join(f"run {clean(run.id, 40)} {TOLD[home]} ({clean(run.operation, 40)})" for run in live)
