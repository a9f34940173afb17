"""One thing in full, kept fresh, with its neighbours a key away."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from msgspec import Struct
from textual import on
from textual.app import ComposeResult

from graveshift_tui.card import Card, Route, Subject
from graveshift_tui.client import Client
from graveshift_tui.feed import Feed
from graveshift_tui.sanitize import clean
from graveshift_tui.screen import ConsoleScreen, offered
from graveshift_tui.screens.asking import ask_for_line
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.crumbs import Told
from graveshift_tui.widgets.detail import Detail
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.tree import Node


class DetailScreen(ConsoleScreen):
    """`step` moves in the list this came from, by rows, and tells where it leads; None where there is no list."""

    PLACE = "detail"
    HINT_LINES = 2
    DEFAULT_CSS = "DetailScreen Detail { height: 1fr; }"

    def __init__(self, route: Route, card: Card, step: Callable[[int], Route | None] | None = None) -> None:
        super().__init__(route)
        self.card = card
        self.step = step
        self.thing: Struct | None = None
        self.is_lost = False
        """What is shown was there, and is no more."""
        self.revealed: Struct | None = None
        """What is shown instead of what is read, until this is left."""
        self.sought = ""
        self.found: tuple[int, int] | None = None
        """Which of how many rows with the words that are sought."""
        detail = self.detail = Detail()
        self.actions = {
            "cursor.up": lambda: detail.move(-1),
            "cursor.down": lambda: detail.move(1),
            "cursor.page_up": lambda: detail.move_page(-1),
            "cursor.page_down": lambda: detail.move_page(1),
            "cursor.top": lambda: detail.move(-1_000_000),
            "cursor.end": lambda: detail.move(1_000_000),
            "open": detail.toggle_fold,
            "mark": detail.toggle_fold,
            "fold": detail.toggle_fold,
            "find": self._ask_what,
            "letter.next": lambda: self.turn(1),
            "letter.previous": lambda: self.turn(-1),
        }

    def body(self) -> ComposeResult:
        """The document."""
        yield self.detail

    def on_mount(self) -> None:
        """The document takes the keys."""
        super().on_mount()
        self.detail.focus()
        self._say("connecting" if self.console.client is None else "reading", "muted")

    def focus_body(self) -> None:
        """The document takes the keys again."""
        self.detail.focus()

    def verbs(self) -> Sequence[str]:
        """What the card offers, and how to read."""
        return offered(*self.card.verbs, "copy", "fold", "letter.next", "find", "back")

    def subject(self) -> Subject:
        """This one thing."""
        return Subject(self.card.name, (self.thing,) if self.thing is not None else (), alone=True)

    def told(self) -> Told:
        """What is sought, which of the places this is, and what is out of the ordinary."""
        at, many = self.found or (0, 0)
        spans: Line = ((f"  {at} of {many}", "text"),) if self.found else ()
        spans = (*spans, ("  gone", "bold warn")) if self.is_lost else spans
        spans = (*spans, ("  REVEALED", "bold warn")) if self.revealed is not None else spans
        return Told(f"/{self.sought}" if self.found else "", tuple((0, span) for span in spans))

    def find(self, words: str) -> None:
        """Goes to the next place with these words; none forget what was sought."""
        self.sought = words.strip()
        self.found = self.detail.find(self.sought) if self.sought else None
        if self.sought and self.found is None:
            self.console.tell(f"{self.sought}: not in this text", "warning")
        self.beat()

    @property
    def cursor_y(self) -> int | None:
        """The line under the cursor."""
        return self.detail.region.y + self.detail.cursor - self.detail.scroll_offset.y

    async def watch_feed(self, feed: Feed, client: Client) -> None:
        """Reads this thing as long as it is shown."""

        async def read() -> Struct:
            return await client.one(self.card.name, self.route.id or "")

        async with aclosing(feed.watch(read, {self.card.name, *self.card.hints})) as readings:
            async for reading in readings:
                self.post_message(self.Fresh(reading.value, reading.at, reading.error))

    def reveal(self, thing: Struct) -> None:
        """Shows this thing as it is, while it is still the one on show; leaving or turning ends it."""
        if self.card.nodes is not None and self.card.id_of(thing) == self.route.id:
            self.revealed = thing
            self.detail.show(self.card.nodes(thing, At(self.size.width, self._now())))
            self.beat()

    def turn(self, delta: int) -> None:
        """Shows the neighbour instead."""
        route = self.step(delta) if self.step is not None else None
        if route is None or route.id == self.route.id:
            return
        self.route, self.thing, self.read_at, self.found, self.is_lost = route, None, None, None, False
        self.revealed = None
        self.detail.reset()
        self._say("reading", "muted")
        self.connected()
        self.beat()

    @on(ConsoleScreen.Fresh)
    def _take(self, message: ConsoleScreen.Fresh) -> None:
        message.stop()
        if message.error is not None and self.thing is None:
            self._say(str(message.error), "crit")
        elif isinstance(message.value, Struct) and message.error is None and self.card.nodes is not None:
            self.thing, self.read_at, self.is_lost = message.value, message.at, False
            self.detail.show(self.card.nodes(self.revealed or self.thing, At(self.size.width, self._now())))
        elif not self.is_lost and getattr(message.error, "code", "") == "not-found":
            self.is_lost = True
            self.console.tell("it is gone; what you see is as it was", "warning")
        self.beat()

    def _ask_what(self) -> None:
        ask_for_line(self.app, "/", clean(self.sought), (), "words to find in this text")

    def _now(self) -> datetime:
        """The server's clock as we last heard it."""
        seen = self.console.pulse.overview
        return seen.as_of if seen is not None else datetime.now(UTC)

    def _say(self, text: str, words: str) -> None:
        self.detail.show([Node("gap", ()), Node("words", ((text, words),))])
