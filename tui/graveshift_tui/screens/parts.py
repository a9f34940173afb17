"""A list of the parts of one thing, and that thing above them, read anew with them."""

from collections.abc import Sequence

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.message import Message

from graveshift.wire.page import Page
from graveshift_tui.screens.listing import ListScreen
from graveshift_tui.widgets.chain import Fetch
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.paint import Line, Lines


class PartsScreen(ListScreen):
    """Shows one card whose rows are parts of what the route names."""

    DEFAULT_CSS = "PartsScreen #whole { height: auto; margin-bottom: 1; }"

    whole: Struct | None = None

    class Whole(Message):
        """The thing whose parts these are, and what is said of it."""

        def __init__(self, thing: Struct, lines: Sequence[Line]) -> None:
            super().__init__()
            self.thing = thing
            self.lines = lines

    def body(self) -> ComposeResult:
        """The thing, then its parts."""
        yield Lines([()] * self.card.above_height, id="whole")
        yield from super().body()

    async def reread(self) -> list[tuple[Fetch, Page[Struct]]]:
        """The thing is read as often as its parts are."""
        client, seen = self.console.client, self.console.pulse.overview
        if client is not None and self.card.whole is not None and self.route.id is not None:
            at = At(self.size.width, seen.as_of if seen is not None else self.table.now)
            thing = await self.card.whole(client, self.route)
            self.post_message(self.Whole(thing, self.card.above(thing, at)))
        return await super().reread()

    @property
    def concerned(self) -> tuple[Struct, ...]:
        """The thing: its keys are on it, not on a part."""
        return (self.whole,) if self.whole is not None else ()

    @on(Whole)
    def _show(self, message: Whole) -> None:
        message.stop()
        self.whole = message.thing
        lines = [*message.lines, *[()] * (self.card.above_height - len(message.lines))]
        self.query_one("#whole", Lines).show(lines)
        self.beat()
