"""The first screen: better or worse, the top cause, and the next key."""

from collections.abc import Sequence
from time import monotonic

from textual.app import ComposeResult

from graveshift_tui.card import Card, Route, Subject
from graveshift_tui.client import Client
from graveshift_tui.feed import Feed
from graveshift_tui.format import age
from graveshift_tui.screen import ConsoleScreen, offered
from graveshift_tui.screens import standing
from graveshift_tui.screens.headline import headline, next_step
from graveshift_tui.screens.panels import Entry, panels, side
from graveshift_tui.widgets.band import tone_of
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.paint import Line, Lines, width_of
from graveshift_tui.widgets.spot import UNSEEN_S

FRAME = 4
FIRST = 4
"""Verbs of a card that the hints name before what can be done with any row."""
LOST_S = 5.0
"""For so long the cursor on the first line is on none after its line has gone."""


class OverviewScreen(ConsoleScreen):
    """Draws the pulse that the console reads anyway; a cursor walks over everything that can be opened."""

    def __init__(self, route: Route, cards: dict[str, Card]) -> None:
        super().__init__(route)
        self.cards = cards
        self.rows: list[tuple[Entry, ...]] = []
        self.here: tuple[str, str] = ("", "")
        self.moved = False
        """Until the reader moves, the cursor is on the first line, whatever comes to stand there."""
        self.lost: Entry | None = None
        """The line that was under the cursor and is gone; until a move, or a while on the first line, none is there."""
        self.lost_at = 0.0
        self.came_at = -UNSEEN_S
        self.place = 0
        self.actions = {
            "cursor.up": lambda: self.move(-1),
            "cursor.down": lambda: self.move(1),
            "cursor.page_up": lambda: self.move(-8),
            "cursor.page_down": lambda: self.move(8),
            "cursor.top": lambda: self.move(-1000),
            "cursor.end": lambda: self.move(1000),
            "panel.next": self.next_panel,
            "open": self.open,
        }

    def body(self) -> ComposeResult:
        """All panels are lines of one widget."""
        yield Lines(id="panels")

    def foot(self) -> ComposeResult:
        """The next step."""
        yield Lines([()], id="next")

    async def watch_feed(self, feed: Feed, client: Client) -> None:
        """The console's own pulse is all this needs."""

    def verbs(self) -> Sequence[str]:
        """What the row under the cursor offers."""
        card = self.cards.get(self.here[0])
        verbs = card.verbs if card else ()
        return offered("open", *verbs[:FIRST], "copy", *verbs[FIRST:], "backup.create", "run.stop", "command")

    def subject(self) -> Subject:
        """The row under the cursor."""
        entry = self.entry()
        if self.lost is not None:
            return Subject(self.lost.card)
        if entry is None or entry.row is None:
            return Subject("overview")
        return Subject(entry.card, (entry.row,))

    @property
    def is_lost(self) -> bool:
        """The line under the cursor is gone, and the cursor was not moved since."""
        return self.lost is not None

    @property
    def is_unseen(self) -> bool:
        """Another line has come under the cursor just now."""
        return monotonic() - self.came_at < UNSEEN_S

    def pin(self) -> None:
        """A verb was asked: the cursor goes where its line goes."""
        self.moved, self.came_at = self.moved or self.entry() is not None, -UNSEEN_S

    def hint_word(self, action: str) -> str:
        """Where enter leads; what the key of pauses does depends on the queue under the cursor."""
        card, entry = self.cards.get(self.here[0]), self.entry()
        if action == "open" and card is not None and entry is not None and entry.row is not None:
            return "look at it" if card.explains else card.words.get("open", "open")
        own = standing.pause_word(self.subject().rows, self.console.pulse.overview) if action == "queue.pause" else None
        return own or super().hint_word(action)

    @property
    def cursor_y(self) -> int | None:
        """The line under the cursor."""
        lit = (i for i, row in enumerate(self.rows) if any(e.card and (e.card, e.id) == self.here for e in row))
        at = next(lit, None)
        return None if at is None else self.query_one("#panels", Lines).region.y + at

    def beat(self) -> None:
        """Everything on this screen is the pulse."""
        if self.is_mounted and self.query("#panels"):
            self._draw()  # first: the hints are those of the line that the cursor is on now
        super().beat()

    def crumbs(self, width: int) -> Line:
        """Better or worse."""
        seen = self.console.pulse.overview
        return headline(seen, width, self.console.pulse.failing_lately) if seen is not None else super().crumbs(width)

    def entry(self) -> Entry | None:
        """The line under the cursor."""
        return next((e for e in self._stops() if (e.card, e.id) == self.here), None)

    def move(self, delta: int) -> None:
        """To another line that can be opened."""
        stops = self._stops()
        if stops:
            delta -= self.is_lost and delta > 0  # one down from a line that is gone is the one that came in its place
            self._put(stops[max(0, min(self._index(stops) + delta, len(stops) - 1))])

    def next_panel(self) -> None:
        """To the first line of the next panel."""
        stops = self._stops()
        later = [e for e in stops[self._index(stops) :] if e.card != self.here[0]] or stops
        if later:
            self._put(later[0])

    def open(self) -> None:
        """The row's own place, or the list it is cut from; what is explained there has the cursor on it."""
        stops = self._stops()
        if self.is_lost and stops:
            self._put(stops[self._index(stops)])
        entry, self.moved = self.entry(), True
        if entry is None:
            return
        if entry.row is None:
            self.console.go(Route(entry.card))
        elif self.cards[entry.card].explains:
            self.console.go(Route(entry.card, at=entry.id))
        elif route := self.cards[entry.card].opens(entry.row):
            self.console.go(route)

    def _stops(self) -> list[Entry]:
        """Everything that can be opened: one panel after the other, also where they lie side by side."""
        found = [entry for row in self.rows for entry in row[:1] if len(row) > 1]
        found += [entry for row in self.rows for entry in row[-1:]]
        return [entry for entry in found if entry.card]

    def _index(self, stops: list[Entry]) -> int:
        place = min(self.place, len(stops) - 1) if self.is_lost else 0
        return next((i for i, e in enumerate(stops) if (e.card, e.id) == self.here), place)

    def _put(self, entry: Entry) -> None:
        self.here, self.moved, self.lost = (entry.card, entry.id), True, None
        self.came_at = -UNSEEN_S
        self.beat()

    def _settle(self, before: int, left: Entry | None) -> None:
        """The lines have changed; `left` was under the cursor, the one numbered `before`."""
        stops, here = self._stops(), self.entry()
        if here is not None:
            self.lost = None
        elif self.lost is None and left is not None and left.row is not None:
            self.lost, self.lost_at, self.place = left, monotonic(), before
        if self.lost is not None and (self.moved or monotonic() - self.lost_at < LOST_S):
            return
        if stops and (not self.moved or here is None):
            at = stops[min(before, len(stops) - 1) if self.moved else 0]
            if self.here[1] and self.here != (at.card, at.id):
                self.came_at = monotonic()
            self.here, self.lost = (at.card, at.id), None

    def _draw(self) -> None:
        pulse, keymap = self.console.pulse, self.console.keymap
        seen, width = pulse.overview, self.size.width
        if seen is None:
            titles = ("CAUSES", "QUEUES", "RUNS")
            self.query_one("#panels", Lines).show(
                [line for t in titles for line in (((f"  {t}", "bold heading"),), ())]
            )
            return
        height = self.size.height - FRAME - len(self.query_one("#banner", Lines).lines)
        before, left = self._index(self._stops()), self.entry()
        self.rows = panels(seen, At(width - 1, seen.as_of), height)
        self._settle(before, left)
        self.query_one("#panels", Lines).show([self._drawn(row, width) for row in self.rows])
        self.query_one("#next", Lines).show([next_step(seen, keymap, width, self.subject().rows)])

    def _drawn(self, row: tuple[Entry, ...], width: int) -> Line:
        """One line of the screen: an entry, or two with a gap between."""
        stale = self._stale()
        if len(row) == 1:
            return self._lit(row[0], width, stale)
        half = side(width - 1)
        left, right = (self._lit(entry, half, stale) for entry in row)
        return (*left, (" " * (half + 2 - width_of(left)), "text"), *right)

    def _stale(self) -> Line:
        """What panel titles add while the data is old."""
        pulse = self.console.pulse
        tone = tone_of(pulse.age_s, pulse.interval_s)
        return () if tone == "ok" else ((f" {age(pulse.age_s)} old", f"bold {tone}"),)

    def _lit(self, entry: Entry, width: int, stale: Line) -> Line:
        """The line, lit under the cursor, or with its age where it is a title of old data."""
        if entry.card and (entry.card, entry.id) == self.here:
            first, *rest = entry.line
            spans = [("›" + first[0][1:], first[1]), *rest]
            pad = width - width_of(tuple(spans))
            return tuple((t, w if " on " in w else f"{w} on cursor") for t, w in [*spans, (" " * pad, "text")])
        if stale and entry.line and entry.line[0][1] == "bold heading" and not entry.card:
            text, words = entry.line[0]
            said = stale[0][0]
            at = text.find("  ", 2)
            return ((text[:at], words), stale[0], (text[at + len(said) :], words), *entry.line[1:])
        return entry.line
