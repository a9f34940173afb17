"""A resource as a list: the virtual table, its filter, its marks, and a pane on the row under the cursor."""

from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.events import Resize

from graveshift.wire.page import Page, Sort
from graveshift_tui.card import Card, Route, Subject
from graveshift_tui.client import Client
from graveshift_tui.feed import Feed
from graveshift_tui.screen import ConsoleScreen, offered
from graveshift_tui.screens import gone, standing
from graveshift_tui.screens.emptiness import empty, looking
from graveshift_tui.screens.explaining import Explaining
from graveshift_tui.screens.outside import Outside, look_outside
from graveshift_tui.screens.saying import said
from graveshift_tui.screens.scope import about, turned
from graveshift_tui.widgets.chain import Fetch
from graveshift_tui.widgets.columns import At, heading
from graveshift_tui.widgets.crumbs import Told
from graveshift_tui.widgets.paint import Line, Lines
from graveshift_tui.widgets.table import Table

ROOMY = 16
FIRST = 4
"""Verbs of a card that its hints name before what can be done with any row."""
WHOLE = ("dlq", "jobs", "trash")


class ListScreen(ConsoleScreen):
    """Shows one card under one filter."""

    DEFAULT_CSS = """
    ListScreen Table { height: 1fr; }
    ListScreen #pane { height: auto; margin-top: 1; }
    """

    def __init__(self, route: Route, card: Card) -> None:
        super().__init__(route)
        self.card = card
        self.home = route
        """As it was opened, before another filter was typed."""
        self.explaining = Explaining(self, card.name, self._show_pane)
        self.sort, self.error = Sort.NEWEST, ""
        table = self.table = Table(
            card.columns,
            id_of=card.id_of,
            tone=card.tone,
            source=self.fetch,
            newest_first=card.newest_first,
            from_end=card.sorts,
        )
        self.actions = {
            "cursor.up": lambda: table.move(-1),
            "cursor.down": lambda: table.move(1),
            "cursor.page_up": lambda: table.move_page(-1),
            "cursor.page_down": lambda: table.move_page(1),
            "cursor.top": table.top,
            "cursor.end": table.end,
            "mark": lambda: self._here("mark", table.toggle_mark),
            "mark.all": lambda: table.mark_all(beyond=card.name in WHOLE),
            "sort": self.turn,
            "open": lambda: self._here("open", self.open),
            "back": self.back,
        }

    def body(self) -> ComposeResult:
        """Titles, rows, and more about one of them."""
        yield Lines([()], id="titles")
        yield self.table
        if self.card.pane is not None:
            yield Lines(id="pane")

    def on_mount(self) -> None:
        """The table takes the keys."""
        super().on_mount()
        self.table.focus()
        self.table.say(self._words())
        if self.route.at:
            self.table.spot.seek(self.route.at)

    def on_resize(self, event: Resize) -> None:
        """The columns fit the width."""
        super().on_resize(event)
        self.query_one("#titles", Lines).show([heading(self.card.columns, self.size.width - 1)])
        self.call_after_refresh(self._show_pane)

    def focus_body(self) -> None:
        """The table takes the keys again."""
        self.table.focus()

    def verbs(self) -> Sequence[str]:
        """What the card offers, and the way around."""
        row = self.table.row
        if self.is_lost:
            return offered("filter", "back")
        way = ("open",) if row is None or self.card.opens(row) is not None else ()
        fit = [verb for verb in self.card.verbs if all(self.card.offers(verb, one) for one in self.concerned[:1])]
        first, later = fit[:FIRST], fit[FIRST:]
        lifts = ("back",) if self.table.marks or self.is_refiltered else ()
        return offered(*way, *first, *lifts, "copy", "filter", "mark", *later, "back")

    def subject(self) -> Subject:
        """Marks, else the row under the cursor."""
        marks, chain = self.table.marks, self.table.chain
        here = (self.table.row,) if self.table.row is not None else ()
        return Subject(
            self.card.name,
            () if marks.whole else tuple(marks.rows) or here,
            bool(marks),
            self.route.filter,
            chain.total,
            chain.total_is_exact,
            whole=marks.whole,
            outside=marks.outside,
            within=self.route.id,
            query=self.route.query,
        )

    @property
    def concerned(self) -> tuple[Struct, ...]:
        """What the hints are for: the first of these."""
        return self.subject().rows

    @property
    def is_lost(self) -> bool:
        """The row under the cursor is gone, and the cursor was not moved since."""
        return self.table.spot.gone

    @property
    def is_unseen(self) -> bool:
        """Another row has come under the cursor just now."""
        return self.table.spot.is_unseen

    def pin(self) -> None:
        """A verb was asked: the cursor goes where its row goes."""
        self.table.spot.pin()

    def hint_word(self, action: str) -> str:
        """Where enter leads, what going back undoes first; what the key of pauses does depends on the row."""
        own = standing.word(action, self.concerned, self.console.pulse.overview)
        if action == "back":
            own = "unmark" if self.table.marks else "lift filter" if self.is_refiltered else None
        return own or self.card.words.get(action) or super().hint_word(action)

    @property
    def cursor_y(self) -> int | None:
        """The row under the cursor."""
        return self.table.region.y + self.table.cursor - self.table.scroll_offset.y

    async def fetch(self, fetch: Fetch) -> Page[Struct]:
        """One page of this list."""
        client = self.console.client
        if client is None:
            from graveshift_tui.client import Unreachable

            raise Unreachable("not connected yet")
        if self.card.fetch is not None:
            return await self.card.fetch(client, self.route, fetch.cursor, fetch.limit)
        sort = (turned(self.sort) if fetch.from_end else self.sort) if self.card.sorts else None
        if text := self.route.query:
            return await client.matching(self.card.name, text, cursor=fetch.cursor, limit=fetch.limit, sort=sort)
        given = None if self.route.filter.is_empty else self.route.filter
        return await client.page(self.card.name, given, cursor=fetch.cursor, limit=fetch.limit, sort=sort)

    async def reread(self) -> list[tuple[Fetch, Page[Struct]]]:
        """What is on show, anew."""
        return [(fetch, await self.fetch(fetch)) for fetch in self.table.rereads()]

    async def watch_feed(self, feed: Feed, client: Client) -> None:
        """Keeps the first page and the rows on show fresh."""
        async with aclosing(feed.watch(self.reread, {self.card.name, *self.card.hints})) as readings:
            async for reading in readings:
                self.post_message(self.Fresh(reading.value, reading.at, reading.error))

    @property
    def words(self) -> str:
        """The filter that holds, as its text; empty where all is shown."""
        return self.route.query or said(self.route.filter)

    def refilter(self, route: Route) -> None:
        """The same list under another filter."""
        self.route, self.error = route, ""
        self.table.restart(self.fetch)
        self.table.say(self._words())
        self.connected()
        look_outside(self, self.console.client, route, self.table.marks)
        self.beat()

    @on(Outside)
    def _take_outside(self, message: Outside) -> None:
        message.stop()
        if self.table.marks and message.given == self.route:
            self.table.marks.outside = message.many
            self.beat()

    def turn(self) -> None:
        """The same list from its other end on."""
        if not self.card.sorts:
            self.console.tell(f"{self.card.title}: no index keeps another order of this list", "warning")
            return
        self.sort = turned(self.sort)
        self.refilter(self.route)

    def open(self) -> None:
        """Where enter leads from the row under the cursor."""
        row = self.table.row
        if row is not None and (route := self.card.opens(row)) is not None:
            self.console.go(route)

    def acted(self, ids: Collection[str]) -> None:
        """The operator has acted, on the rows of these ids where he named them: marks have done their work."""
        self.table.expect(ids)
        if self.table.marks and self.is_current:
            self.table.clear_marks()

    def _here(self, action: str, then: Callable[[], None]) -> None:
        """Does something with the row under the cursor, if it is still there."""
        if self.is_lost:
            self.console.tell(f"{self.console.keymap.title(action)}: {gone.ROW}", "warning")
        else:
            then()

    @property
    def is_refiltered(self) -> bool:
        """Another filter was typed than the one that this list was opened with."""
        return (self.route.query, self.route.filter) != (self.home.query, self.home.filter)

    def back(self) -> None:
        """Marks go first, then the filter that was typed, then the screen."""
        if self.table.marks:
            self.table.clear_marks()
        elif self.is_refiltered:
            self.refilter(self.home)
        else:
            self.console.perform("back")

    def told(self) -> Told:
        """Filter, count, marks, arrivals."""
        text = self.route.said or self.words
        order = f"{self.sort} first" if self.card.sorts else ""
        parts = about(self.table, order, self.route.promised)
        return Told(f"/{text}" if text and not self.route.crumb else "", parts)

    @on(ConsoleScreen.Fresh)
    def _take(self, message: ConsoleScreen.Fresh) -> None:
        message.stop()
        if message.error is None and isinstance(message.value, list):
            self.read_at = message.at
            self.table.renew(message.value)
        self.error = str(message.error) if message.error else ""
        self._count()

    @on(Table.Counted)
    def _count(self) -> None:
        self.table.say(self._words())
        self.beat()

    @on(Table.Moved)
    def _show_pane(self) -> None:
        if self.card.pane is None or not self.query("#pane"):
            return
        row, room = self.table.row, self.size.height
        height = self.card.pane_height if room >= ROOMY else 0
        gained = 0
        if row is not None and height and self.card.explains:
            gained = self.explaining.gained(self.card.id_of(row), self.card.number(row)) if self.card.number else 0
            row = self.explaining.of(row, self.card.id_of(row), self.console.client)
        at = At(self.size.width, self.table.now, gained)
        lines = list(self.card.pane(row, at)) if row is not None and height else []
        height = max(height, min(len(lines), self.card.pane_most, room // 2)) if height else 0
        if len(lines) > height and self.card.pane_most:
            lines[height - 1] = (*lines[height - 1], (" …", "mark"))
        lines = lines[:height]
        self.query_one("#pane", Lines).show([*lines, *[()] * (height - len(lines))])

    @on(Table.Moved)
    def _show_hints(self) -> None:
        if self.query("#hints"):
            self.query_one("#hints", Lines).show(self.hint_lines(self.size.width))

    def _words(self) -> list[Line]:
        """What stands where no rows are."""
        if self.error:
            return [(), ((f"   {self.error}", "crit"),)]
        if not self.table.chain.started:
            return [(), (("   connecting" if self.console.client is None else "   reading", "muted"),)]
        if self.table.chain.is_looking:
            return looking(self.words)
        return empty(self.card.empty, self.words, self.route.query, typed=self.is_refiltered)
