"""What every screen shares: the band, the crumbs, the hints, the keys."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property, lru_cache, partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key, Resize
from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from graveshift_tui.card import Route, Subject
from graveshift_tui.client import Client
from graveshift_tui.feed import Feed
from graveshift_tui.keymap import HINTS, Keymap
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError
from graveshift_tui.theme import Palette
from graveshift_tui.widgets.band import Pulse, band, banner, freshness, tone_of
from graveshift_tui.widgets.crumbs import Told, crumbs
from graveshift_tui.widgets.paint import Line, Lines, width_of
from graveshift_tui.widgets.work import spawn

if TYPE_CHECKING:
    from graveshift_tui.widgets.prompt import Prompt


@runtime_checkable
class Console(Protocol):
    """What a screen needs of the app it is in; `client` and `feed` are None until the first frame has been painted."""

    palette: Palette
    keymap: Keymap
    client: Client | None
    feed: Feed | None
    pulse: Pulse

    def go(self, route: Route) -> None:
        """Opens a place on top of this one."""

    def perform(self, action: str) -> None:
        """Does what no screen does by itself."""

    def tell(self, text: str, severity: str = "information") -> None:
        """Shows a toast; `text` may be hostile."""

    def resumed(self) -> None:
        """What lay on a screen is gone."""

    def entered(self, sign: str, text: str | None) -> None:
        """A line was typed after `/` or `:`, or given up."""

    def siblings(self) -> list[str]:
        """Names on the way here, for the crumbs."""


class Body(Vertical):
    """What stands behind a body: nothing, so that it is painted as one blank line for all."""

    BLANK = True


class ConsoleScreen(Screen[None], inherit_bindings=False):
    """Band, crumbs and hints around a body; one table of actions for the keys."""

    BLANK = True
    PLACE: ClassVar[str] = "screens"
    HINT_LINES: ClassVar[int] = 1
    DEFAULT_CSS = """
    ConsoleScreen { layout: vertical; background: $background; overflow: hidden; }
    ConsoleScreen > Body { height: 1fr; }
    ConsoleScreen .bar { height: 1; }
    """

    class Fresh(Message):
        """A reading of what this screen shows."""

        def __init__(self, value: object, at: float, error: ConsoleError | None) -> None:
            super().__init__()
            self.value = value
            self.at = at
            self.error = error

    def __init__(self, route: Route) -> None:
        super().__init__()
        self.route = route
        self.read_at: float | None = None
        self.actions: dict[str, Callable[[], None]] = {}

    def compose(self) -> ComposeResult:
        """The frame that all screens have."""
        yield Lines([()], id="band", behind="panel")
        yield Lines(id="banner")
        yield Lines([()], id="crumbs")
        with Body(id="body"):
            yield from self.body()
        yield from self.foot()
        yield Lines([()] * self.HINT_LINES, id="hints", behind="panel")

    def body(self) -> ComposeResult:
        """What this screen adds."""
        raise NotImplementedError

    def foot(self) -> ComposeResult:
        """What this screen says above the hints."""
        yield from ()

    def watch_feed(self, feed: Feed, client: Client) -> Awaitable[None]:
        """Reads what this screen shows, for as long as it shows, and posts it as Fresh."""
        raise NotImplementedError

    @cached_property
    def console(self) -> Console:
        """The app, as screens know it."""
        app = self.app
        if not isinstance(app, Console):
            raise TypeError("this screen lives in the console")
        return app

    def subject(self) -> Subject:
        """What a verb would act on here."""
        return Subject(self.route.card, filter=self.route.filter)

    @property
    def places(self) -> tuple[str, ...]:
        """Where keys are looked up: the card of what a verb would act on, then the kind of screen."""
        return (self.subject().card, self.PLACE)

    @property
    def cursor_y(self) -> int | None:
        """The line of the screen that the cursor is on, where there is one."""
        return None

    def told(self) -> Told:
        """What the crumbs say of this place, beside the way here."""
        return Told()

    def verbs(self) -> Sequence[str]:
        """The actions that the hints offer."""
        return ()

    def connected(self) -> None:
        """The client is there: reading begins."""
        feed, client = self.console.feed, self.console.client
        if feed is not None and client is not None and self.is_current:
            spawn(self, partial(self._watch, feed, client), "feed", exclusive=True)

    async def _watch(self, feed: Feed, client: Client) -> None:
        await self.watch_feed(feed, client)

    def on_mount(self) -> None:
        """The first frame needs no backend."""
        self.beat()

    def on_screen_resume(self) -> None:
        """Reading goes on where it was left."""
        self.connected()
        self.beat()
        self.console.resumed()

    def on_screen_suspend(self) -> None:
        """A screen beneath another one reads nothing; one beneath a question reads on."""
        if isinstance(self.app.screen, ConsoleScreen):
            self.workers.cancel_group(self, "feed")

    def on_resize(self, event: Resize) -> None:
        """Lines are made for a width."""
        self.call_after_refresh(self.beat)

    def on_key(self, event: Key) -> None:
        """Keys that no field took: an action of ours, else one of the console's."""
        if self.focused is not None and self.focused.id == "prompt":
            return
        press = event.character if event.character and event.character.isprintable() else event.key
        action = self.console.keymap.action("space" if press == " " else press, *self.places)
        if action is not None:
            event.stop()
            event.prevent_default()
            self.perform(action)

    def perform(self, action: str) -> None:
        """Does an action, here or in the console."""
        own = self.actions.get(action)
        if own is not None:
            own()
        else:
            self.console.perform(action)

    def on_prompt_entered(self, event: "Prompt.Entered") -> None:
        """The line at the bottom goes; what was typed is for the console."""
        event.stop()
        for prompt in self.query("#prompt"):
            prompt.remove()
        self.focus_body()
        self.console.entered(event.sign, event.text)

    def focus_body(self) -> None:
        """The keys go to the body again."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that breaks is a fault of ours: say so and go on."""
        if event.state is WorkerState.ERROR:
            self.console.tell(f"internal fault: {event.worker.error!r}", "error")

    def beat(self) -> None:
        """Brings band, banner and crumbs up to date; what is the same costs nothing."""
        if not self.is_mounted or not self.query("#band"):
            return
        width, pulse = self.size.width, self.console.pulse
        self.query_one("#band", Lines).show([band(pulse, width, "connecting", self.console.keymap.shown("goto.runs"))])
        self.query_one("#banner", Lines).show(banner(pulse, "ctrl+r", width))
        self.query_one("#crumbs", Lines).show([self.crumbs(width)])
        self.query_one("#hints", Lines).show(self.hint_lines(width))

    def crumbs(self, width: int) -> Line:
        """The way here, what is shown, and how old it is."""
        names = self.console.siblings()
        way = " › ".join(clean(name, 60) for name in names)
        return crumbs(way, self.told(), self.freshness(), width)

    def freshness(self) -> Line:
        """How old this screen's own data is; nothing while it is fresh."""
        pulse = self.console.pulse
        if self.read_at is None:
            return (("  connecting ", "muted"),) if pulse.overview is None else (("  reading ", "muted"),)
        age_s = monotonic() - self.read_at
        tone = "muted" if (late := tone_of(age_s, pulse.interval_s)) == "ok" else f"bold {late}"
        return ((f"  {freshness(age_s, pulse.interval_s)} ", tone),)

    def hint_word(self, action: str) -> str:
        """What an action does here, in a word or two."""
        return HINTS.get(action, action.rpartition(".")[2])

    def hint_lines(self, width: int) -> list[Line]:
        """The most useful keys here, as many as fit into as many lines as are given to them."""
        keymap, places = self.console.keymap, self.places
        keys = ((keymap.working(action, *places), self.hint_word(action)) for action in self.verbs())
        said = tuple((shown[0], word) for shown, word in keys if shown)
        return list(_laid(said, keymap.shown("help"), width, self.HINT_LINES))


def offered(*actions: str) -> tuple[str, ...]:
    """Each once, where it comes first."""
    return tuple(dict.fromkeys(actions))


@lru_cache(64)
def _laid(keys: tuple[tuple[str, str], ...], helps: str, width: int, lines: int) -> tuple[Line, ...]:
    """Keys and their words in so many lines, and help at the end of the last: the same for most rows of a list."""
    laid: list[Line] = []
    for number in range(lines):
        tail: Line = _hint(helps, "help") if number == lines - 1 else ()
        spans: Line = (("", "text"),)
        while keys:
            more = _hint(*keys[0])
            if width_of((*spans, *more, *tail)) > width:
                break
            spans, keys = (*spans, *more), keys[1:]
        laid.append((*spans, *tail))
    return tuple(laid)


def _hint(key: str, word: str) -> Line:
    return ((f" {key}", "bold accent on panel"), (f" {word} ", "muted on panel"))
