"""The virtual table: a million rows cost what one screen of them costs."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import Struct
from textual import on, work
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from graveshift.wire.page import Page
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.chain import PAGE, Chain, Fetch
from graveshift_tui.widgets.columns import Column
from graveshift_tui.widgets.fetched import Failed, Loaded
from graveshift_tui.widgets.marked import Marked
from graveshift_tui.widgets.paint import Line, palette_of, strip_of
from graveshift_tui.widgets.roll import Roll
from graveshift_tui.widgets.rowline import Look, instead, listed
from graveshift_tui.widgets.spot import Spot

Row: TypeAlias = Struct
Source: TypeAlias = Callable[[Fetch], Awaitable[Page[Row]]]


class Table(Roll):
    """Rows from a source, one cursor, marks by id. It reads what it shows and what comes next, and nothing else."""

    class Moved(Message):
        """The row under the cursor is another one, or has another value."""

    class Counted(Message):
        """How many rows there are, are marked, or have arrived has changed."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id_of: Callable[[Row], str],
        tone: Callable[[Row], str],
        source: Source,
        newest_first: bool = False,
        from_end: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = columns
        self.id_of = id_of
        self.tone = tone
        self.source = source
        self.chain: Chain[Row] = Chain(id_of)
        self.cursor = 0
        self.marks: Marked[Row] = Marked(id_of)
        self.from_end = from_end
        """The source also reads the list from its end."""
        self.chasing = False
        self.is_blank = True
        """Until the first rows, or word that they cannot be had."""
        self.now = datetime.now(UTC)
        self.words: Sequence[Line] = ()
        self.spot: Spot[Row] = Spot(id_of, drifts=newest_first)
        self._loading: Fetch | None = None

    @property
    def row(self) -> Row | None:
        """The row under the cursor, where it is known and not gone."""
        return None if self.spot.gone else self.chain.row(self.cursor)

    @property
    def on_top(self) -> bool:
        """True while the reader has not moved: only then may new rows push the others down."""
        return self.cursor == 0 and self.scroll_offset.y == 0 and not self.marks

    def restart(self, source: Source) -> None:
        """Shows another list from its top; marks stay, but not on all that matched."""
        self.source = source
        self.chain.restart()
        self.marks.whole = False
        self.is_blank, self.chasing, self._loading, self.cursor = True, False, None, 0
        self.spot.put(None)
        self.scroll_to(y=0, animate=False, immediate=True)
        self._settle()

    def move(self, delta: int) -> None:
        """Moves the cursor by rows, and stops a chase for the end."""
        self.chasing = False
        self.goto(self.cursor + self.spot.step(delta))

    def move_page(self, direction: int) -> None:
        """Moves the cursor by a screen."""
        self.move(direction * max(1, self.size.height - 1))

    def top(self) -> None:
        """To the first row; what has arrived meanwhile may show now."""
        self.chasing = False
        self.goto(0)

    def end(self) -> None:
        """To the last row, which is read from the end, else by reading on until it is known; any move stops that."""
        self._chase()

    def goto(self, index: int) -> None:
        """Puts the cursor on a row and scrolls it into view."""
        before, self.cursor = self.cursor, max(0, min(index, self.chain.size - 1))
        if self.spot.gone:
            self.post_message(self.Counted())
        self.spot.put(self.chain.row(self.cursor))
        self.into_view(self.cursor)
        for at in {before, self.cursor}:
            self.repaint(at)
        self._read_on()
        self.post_message(self.Moved())

    def toggle_mark(self) -> None:
        """Marks the row under the cursor, or takes its mark off, and goes one down."""
        if self.row is None:
            return
        was_whole = self.marks.whole
        self.marks.toggle(self.row)
        self.move(0 if was_whole else 1)
        self._remark()

    def mark_all(self, *, beyond: bool) -> None:
        """Marks the rows on show; where they all are and it may go `beyond` them, all that match."""
        first = self.scroll_offset.y
        shown = (self.chain.row(index) for index in range(first, first + self.size.height))
        self.marks.extend([row for row in shown if row is not None], beyond=beyond)
        self._remark()

    def clear_marks(self) -> None:
        """Takes every mark off."""
        self.marks.clear()
        self._remark()

    def expect(self, ids: Collection[str]) -> None:
        """These rows go by the reader's own act."""
        self.spot.expect(ids)
        self._settle()

    def rereads(self) -> list[Fetch]:
        """What to read again to be fresh."""
        first = self.scroll_offset.y
        return self.chain.rereads(first, first + self.size.height)

    def renew(self, answers: Sequence[tuple[Fetch, Page[Row]]]) -> None:
        """Takes a fresh reading in; rows stay where they are under the cursor."""
        if answers:
            self.now = answers[0][1].as_of
        if self.chain.renew(answers, follow=self.on_top):
            self._anchor()
            self._settle()

    def say(self, words: Sequence[Line]) -> None:
        """What stands where there are no rows."""
        if words != self.words:
            self.words = words
            self.repaint_all()

    def on_resize(self) -> None:
        """More may be seen."""
        self.into_view(self.cursor)
        self._read_on()

    def scrolled(self) -> None:
        """What shows now is read."""
        self._read_on()

    @on(Loaded)
    def _take(self, message: Loaded) -> None:
        message.stop()
        self._loading, self.is_blank = None, False
        self.now = message.page.as_of
        if self.chain.put(message.fetch, message.page):
            self._anchor()
            self._settle()
            if self.chasing:
                self._chase()
        self._read_on()

    @on(Failed)
    def _give_up(self) -> None:
        """The feed shows why and tries again; a reading starts the next page."""
        self._loading, self.chasing, self.is_blank = None, False, False

    @work(exclusive=True, group="fetch", exit_on_error=False)
    async def _load(self, fetch: Fetch) -> None:
        try:
            page = await self.source(fetch)
        except ConsoleError as error:
            self.post_message(Failed(error))
        else:
            self.post_message(Loaded(fetch, page))

    def _read_on(self) -> None:
        """Reads the next page that is missing on show, else ahead; a page scrolled past is no longer waited for."""
        first = self.scroll_offset.y
        last = first + max(1, self.size.height)
        fetch = self.chain.wanted(first, last) or self.chain.wanted(first - PAGE // 2, last + PAGE // 2)
        if self.chasing:
            known = self.chain.known
            fetch = self.chain.last_page() if self.from_end else self.chain.wanted(known, known, leap=True)
        if fetch is not None and fetch != self._loading and self.is_mounted:
            self._loading = fetch
            self._load(fetch)

    def _chase(self) -> None:
        """As far down as can be gone for now."""
        self.chasing = not self.chain.complete and not self.chain.tail.started
        self.goto((self.chain.size if self.from_end else self.chain.known) - 1)

    def _remark(self) -> None:
        self.repaint_all()
        self.post_message(self.Counted())

    def _settle(self) -> None:
        """Brings size, cursor and picture in line with the rows."""
        self.virtual_size = Size(self.size.width, self.chain.size)
        self.cursor = max(0, min(self.cursor, self.chain.size - 1))
        self.spot.settle(self.chain, self.cursor, follow=self.on_top and self.spot.drifts)
        self.repaint_all()
        self.post_message(self.Moved())
        self.post_message(self.Counted())

    def _anchor(self) -> None:
        """Keeps the cursor on its row, and the row on its line of the screen, or the top of the list in sight."""
        if self.spot.id is None or self.spot.is_at(self.chain, self.cursor) or (self.on_top and self.spot.drifts):
            return
        found = self.chain.find(self.spot.id)
        if found is None:
            return
        shift, self.cursor = 0 if self.on_top else found - self.cursor, found
        self.virtual_size = Size(self.size.width, self.chain.size)
        self.scroll_to(y=max(0, self.scroll_offset.y + shift), animate=False, immediate=True)
        self.into_view(self.cursor)

    def strip(self, index: int) -> Strip:
        """The row at an index, or what stands instead."""
        width, palette = self.size.width, palette_of(self)
        row = self.chain.row(index)
        size = 0 if self.chain.is_looking else self.chain.size
        here = index == self.cursor and size > 0
        behind = "cursor" if here and not self.spot.gone else "background"
        if row is None:
            return strip_of(instead(index, size, self.words), width, palette, behind=behind)
        look = Look(here, self.marks.has(row), self.tone(row))
        shown = listed(self.columns, row, look, width=self.outer_size.width - 1, now=self.now)
        return strip_of(shown, width, palette, behind=behind)
