"""A console in memory with a person at it: keys in, text out, waiting until it is true."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.events import Key
from textual.message import Message
from textual.notifications import Notify
from textual.pilot import Pilot
from textual.widget import Widget

from graveshift_tui.app import ConsoleApp
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens.detail import DetailScreen
from graveshift_tui.screens.listing import ListScreen
from graveshift_tui.settings import Settings, Where
from tests.screens.fake_client import FakeClient
from tests.waiting import until


class Person:
    """Presses keys and reads the screen."""

    def __init__(self, app: ConsoleApp, client: FakeClient, pilot: Pilot[int], heard: list[str]) -> None:
        self.app = app
        self.client = client
        self.pilot = pilot
        self.heard = heard

    @property
    def text(self) -> str:
        """Everything on the screen that is on top, with dialogs and toasts."""
        lines: list[str] = []
        for widget in self.app.screen.walk_children(Widget, with_self=False):
            if widget.is_container and widget.children:
                continue
            lines += [strip.text for strip in (widget.render_line(y) for y in range(widget.size.height))]
        return "\n".join(lines)

    @property
    def listing(self) -> ListScreen:
        """The list on top."""
        assert isinstance(self.app.screen, ListScreen)
        return self.app.screen

    @property
    def detail(self) -> DetailScreen:
        """The thing on top."""
        assert isinstance(self.app.screen, DetailScreen)
        return self.app.screen

    @property
    def toasts(self) -> str:
        """What was told."""
        return "\n".join(self.heard)

    @property
    def on_show(self) -> list[str]:
        """The toasts that show now."""
        return [str(toast.render()) for toast in self.app.screen.query("Toast")]

    async def press(self, *keys: str) -> None:
        """One key after the other."""
        await self.pilot.press(*keys)

    async def types(self, text: str) -> None:
        """Into the field that has the focus, all at once."""
        field = self.app.focused
        assert field is not None
        for char in text:
            field.post_message(Key("space" if char == " " else char, char))
        await self.pilot.pause()

    async def sees(self, words: str) -> None:
        """Waits for words on the screen."""
        await until(lambda: words in self.text, what=f"{words!r} on\n{self.text}")

    async def told(self, words: str) -> None:
        """Waits for a toast."""
        await until(lambda: words in self.toasts, what=f"{words!r} in {self.toasts!r}")

    async def goes(self, key: str, card: str) -> None:
        """To another screen, until its rows are there."""
        await self.press(key)
        await until(lambda: isinstance(self.app.screen, ConsoleScreen) and self.app.screen.route.card == card)
        if isinstance(self.app.screen, ListScreen):
            await until(lambda: self.listing.table.chain.started, what=f"rows of {card}")


@asynccontextmanager
async def console(
    client: FakeClient | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    downstream: str | None = None,
) -> AsyncIterator[Person]:
    """The real app on a backend in memory, read a few times a second."""
    made = client or FakeClient(letters=400)
    settings = Settings(where=Where("memory:"), mouse=False, interval_s=0.4, read_only=read_only, downstream=downstream)
    app = ConsoleApp(settings, connect=lambda where: made)
    heard: list[str] = []

    def hear(message: Message) -> None:
        if isinstance(message, Notify):
            heard.append(message.notification.message)

    async with app.run_test(size=size, notifications=True, message_hook=hear) as pilot:
        person = Person(app, made, pilot, heard)
        if not made.offline:
            await until(lambda: app.pulse.overview is not None and bool(app.operations), what="a pulse")
        yield person
