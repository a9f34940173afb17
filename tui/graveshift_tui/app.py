"""The console: wires keys, screens and the Desk together, and keeps the pulse of one backend."""

import gc
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from io import StringIO
from typing import Final, TypeVar

from rich.console import Console as Paper
from textual import on
from textual.app import App
from textual.events import Event, Key
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen

from graveshift.wire.operations import OperationInfo
from graveshift.wire.overview import Overview
from graveshift_tui import keymap, theme
from graveshift_tui.card import Route
from graveshift_tui.client import Client
from graveshift_tui.conduct import Conduct
from graveshift_tui.feed import Feed, Reading
from graveshift_tui.operate import Ask, Ended, Operate, Planned, Refused, Slow, Started, announcement, plain
from graveshift_tui.sanitize import clean
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens import CARDS, screen_for, verbs
from graveshift_tui.screens.actions import Actions
from graveshift_tui.screens.alarm import Alarm
from graveshift_tui.screens.beating import Beating
from graveshift_tui.screens.leaving import Leaving
from graveshift_tui.screens.listing import ListScreen
from graveshift_tui.screens.painting import repaint
from graveshift_tui.screens.stepping import stepper
from graveshift_tui.settings import ConsoleError, Settings, Where
from graveshift_tui.widgets.band import Pulse
from graveshift_tui.widgets.guard import Guard
from graveshift_tui.widgets.terminal import Leave
from graveshift_tui.widgets.title import Title
from graveshift_tui.widgets.toasts import Toasts
from graveshift_tui.widgets.typeahead import Typeahead
from graveshift_tui.widgets.work import spawn

T = TypeVar("T")

FRAME_S: Final = 0.2
"""By when the first frame has come, or never will."""


class ConsoleApp(App[int], inherit_bindings=False):
    """The whole console; `start_at` is `resource` or `resource/id`, None the overview."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    ToastRack { align-horizontal: right; }
    ToastRack.high { dock: top; }
    Toast { width: 56; max-width: 90%; padding: 0 1; margin: 0; background: $panel; border-left: outer $primary; }
    Toast.-warning { border-left: outer $warning; }
    Toast.-error { border-left: outer $error; }
    """

    class Beat(Message):
        """A reading of the overview."""

        def __init__(self, reading: Reading[Overview]) -> None:
            super().__init__()
            self.reading = reading

    class Found(Message):
        """Something was read, and this goes on with it."""

        def __init__(self, go_on: Callable[[], None]) -> None:
            super().__init__()
            self.go_on = go_on

    def __init__(
        self, settings: Settings, start_at: str | None = None, connect: Callable[[Where], Client] = Client
    ) -> None:
        self.palette = theme.find(settings.theme)
        self.keymap = keymap.load(settings.keymap)
        title = Title()
        super().__init__(driver_class=title.driver(mouse=settings.mouse))
        self.settings = settings
        self.start_at = start_at
        self.client: Client | None = None
        self.feed: Feed | None = None
        self.pulse = Pulse(interval_s=settings.interval_s, read_only=settings.read_only)
        self.operations: dict[str, OperationInfo] = {}
        self.actions = Actions(self)
        self._connecting = connect
        self._desk: Operate | None = None
        self._beating = Beating(self)
        self._guard = Guard()
        self._typeahead = Typeahead(self, super().on_event, self.actions.gate)
        self._leaving = Leaving(self)
        self._alarm = Alarm(self, title)
        self._leave = Leave(self._told_to_leave)
        self._toasts = Toasts(self, lambda: here.cursor_y if (here := self.here()) is not None else None)
        self.fault: Exception | None = None

    async def on_event(self, event: Event) -> None:
        """Keys go one by one, so that none typed ahead goes astray."""
        if isinstance(event, Key) and not event.is_forwarded:
            await self._typeahead.take(event)
        else:
            await super().on_event(event)

    def _handle_exception(self, error: Exception) -> None:
        """Textual's own report shows every local variable, tokens and payloads too: whoever ran this reports instead.

        Textual has no public place for this; a test on a pty fails where a new version of it calls this no more.
        """
        self.fault = self.fault or error
        super()._handle_exception(error)
        self.error_console = Paper(file=StringIO())

    def get_default_screen(self) -> Screen[None]:
        """The overview lies under everything."""
        return screen_for(Route("overview", crumb="overview"))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Every line of every widget passes the guard."""
        return [*super().get_line_filters(), self._guard]

    def on_load(self) -> None:
        """Before the terminal is changed: who ends us is heard, and what another program left is put right."""
        self.register_theme(self.palette.textual())
        self.theme = self.palette.name
        if not self.is_headless:
            self._leave.start()

    def on_mount(self) -> None:
        """The first frame comes before the backend."""
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._connect)
        # A screen that a key opens before the first frame keeps the frame, and with it that call, from coming.
        self.set_timer(FRAME_S, self._connect)

    def here(self) -> ConsoleScreen | None:
        """The screen on top, where it is one of ours."""
        return self.screen if isinstance(self.screen, ConsoleScreen) else None

    def siblings(self) -> list[str]:
        """The crumbs."""
        ours = [screen for screen in self.screen_stack if isinstance(screen, ConsoleScreen)]
        return [s.route.crumb or (CARDS[s.route.card].title if s.route.card in CARDS else s.route.card) for s in ours]

    def perform(self, action: str) -> None:
        """Does what no screen does by itself."""
        self.actions.perform(action)

    def go(self, route: Route) -> None:
        """Opens a place on top of this one; one thing of a list keeps its way to the neighbours."""
        below = self.screen
        step = stepper(below) if isinstance(below, ListScreen) and route.id is not None else None
        self.push_screen(screen_for(route, step))

    def go_home(self, route: Route) -> None:
        """Opens a place right above the overview."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if route.card != "overview":
            self.push_screen(screen_for(route))

    def go_back(self) -> None:
        """One step back; the overview is the end of it."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast; `text` may be hostile, and takes the place of older news `about` the same."""
        self._toasts.tell(text, severity, about)

    def resumed(self) -> None:
        """News that had to wait shows."""
        self._toasts.release()

    def look(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer on the app's own turn."""

        async def read() -> None:
            try:
                value = await reading
            except ConsoleError as error:
                reason = plain(error)
                self.post_message(self.Found(lambda: self.tell(reason, "error")))
            else:
                self.post_message(self.Found(lambda: then(value)))

        spawn(self, read, "look")

    def order(self, ask: Ask) -> None:
        """Plans, asks and runs."""
        if self._desk is not None:
            self._desk.plan(ask)

    def entered(self, sign: str, text: str | None) -> None:
        """A line was typed, or given up."""
        if text is not None:
            self.actions.typed(sign, text)

    def use_theme(self, name: str) -> None:
        """Other colours, at once."""
        self.palette = theme.find(name or None)
        self.register_theme(self.palette.textual())
        self.theme = self.palette.name
        repaint(self.screen_stack)

    def leave(self) -> None:
        """Quits; asks only where runs are live, and names them."""
        self._leaving.start()

    def _told_to_leave(self, code: int) -> None:
        self.call_later(self.exit, code, return_code=code)

    def _connect(self) -> None:
        if self.client is not None:
            return
        gc.enable()
        try:
            self.client = self._connecting(self.settings.where)
        except ConsoleError as error:
            self.exit(error.exit_code, return_code=error.exit_code, message=clean(str(error), 500))
            return
        self.feed = Feed(self.client, self.settings.interval_s)
        self._desk = Operate(self, Conduct(self.client), self.actions.gate.opening)
        beat = partial(
            self._beating.watch, self.client, self.feed, lambda reading: self.post_message(self.Beat(reading))
        )
        spawn(self, beat, "pulse")
        if self.start_at:
            resource, _, id = self.start_at.partition("/")
            self.go(Route(resource, id=id or None, crumb=id))
        elif (screen := self.here()) is not None:
            screen.connected()

    @on(Beat)
    def _beat(self, message: Beat) -> None:
        if message.reading.error is None and not self.operations and self.client is not None:
            self.look(self.client.operations(), self._know)
        self._alarm.heed(message.reading.value)
        self._beating.take(message.reading)

    @on(Found)
    def _go_on(self, message: Found) -> None:
        try:
            message.go_on()
        except verbs.NotHere as reason:
            self.tell(str(reason), "warning")

    @on(Planned)
    def _planned(self, message: Planned) -> None:
        if self._desk is not None:
            self._desk.decide(message.ask, message.plan)

    @on(Slow)
    def _slow(self, message: Slow) -> None:
        self.tell(
            f"{message.ask.title} {message.ask.scope}: no answer yet, esc gives it up; nothing was done", about="slow"
        )

    @on(Started)
    def _started(self, message: Started) -> None:
        self.tell(announcement(message.ask, message.run), about=f"run {message.run.id}")
        for screen in self.screen_stack:
            if isinstance(screen, ListScreen):
                screen.acted(message.ask.ids)
        if self._desk is not None:
            self._desk.follow(message.ask, message.run)

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self.tell(message.words, message.tone, f"run {message.run.id}")

    @on(Refused)
    def _refused(self, message: Refused) -> None:
        self.tell(f"{message.ask.title} {message.ask.scope}: {plain(message.error)}", "error")

    def _know(self, operations: list[OperationInfo]) -> None:
        self.operations = {operation.name: operation for operation in operations}

    def _tick(self) -> None:
        self._leave.check()
        self._beating.tick()
