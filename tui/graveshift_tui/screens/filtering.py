"""What `/` does in a list: a filter is typed with help from the backend, which alone understands it, and then holds."""

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from textual.app import App

from graveshift.wire.filters import QueryHelp, Span
from graveshift_tui.card import Card, Route
from graveshift_tui.client import Client
from graveshift_tui.sanitize import clean
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens import CARDS
from graveshift_tui.screens.asking import ask_for_line
from graveshift_tui.screens.listing import ListScreen
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.prompt import Choices

T = TypeVar("T")

EXAMPLE: Final = 'words "a phrase" queue:mail error:*Timeout died:<2h -group:1-abc; tab completes'
AROUND: Final = 24


class Host(Protocol):
    """What filtering needs of the app."""

    @property
    def app(self) -> App[object]:
        """The app that overlays are laid over."""

    client: Client | None

    def here(self) -> ConsoleScreen | None:
        """The screen on top, where it is one of ours."""

    def go(self, route: Route) -> None:
        """Opens a place on top."""

    def look(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""


class Completing(Choices):
    """The rest of the word that is being typed, as the backend would end it; nothing while it does not answer."""

    def __init__(self, client: Client, resource: str) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._client = client
        self._resource = resource
        self._whole: deque[str] = deque()
        self._of = ""

    async def get_suggestion(self, value: str) -> str | None:
        """The whole text with the word ended, in its own letters; None where nothing that can be shown begins so."""
        self._whole.clear()
        with suppress(ConsoleError):
            help = await self._client.query_help(value, self._resource)
            before, begun = value[: help.word.offset], value[help.word.offset :].lower()
            ends = [one.text for one in help.completions if clean(one.text) == one.text]
            longer = [end for end in ends if len(end) > len(begun) and end.lower().startswith(begun)]
            self._whole, self._of = deque(f"{before}{end}" for end in longer), value
        return next(iter(self._whole), None)

    def turned(self, text: str, by: int) -> str | None:
        """The next or the last one, round and round."""
        if self._of != text or len(self._whole) < 2:
            return None
        self._whole.rotate(-by)
        return self._whole[0]


class Filtering:
    """One for the console. A text that is refused stays to be mended, with the place marked."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def ask(self) -> None:
        """The line to type in, with the filter that holds."""
        screen = self._host.here()
        card = self._card(screen)
        if not card.fields:
            self._host.tell(f"{card.title}: this list has no filter", "warning")
            return
        client = self._host.client
        value = screen.words if isinstance(screen, ListScreen) else ""
        suggester = Completing(client, card.name) if client is not None else None

        async def takes(text: str) -> bool | Span:
            return await self._takes(text, card)

        ask_for_line(self._host.app, "/", clean(value), (), EXAMPLE, takes=takes, suggester=suggester)

    def hold(self, text: str) -> None:
        """Lets this text hold from now on; where it has secret values they are asked for first."""
        client, card = self._host.client, self._card(self._host.here())
        if not text.strip():
            self._show(Route(card.name))
        elif client is not None:
            self._host.look(client.query_help(text, card.name), lambda help: self._heard(text, help))

    async def _takes(self, text: str, card: Card) -> bool | Span:
        """True where it is understood; else it is said why, and where."""
        if not text.strip():
            return True
        client = self._host.client
        if client is None:
            self._host.tell("not connected yet; the filter stays as it was", "warning", "typed")
            return False
        try:
            help = await client.query_help(text, card.name)
        except ConsoleError as error:
            self._host.tell(str(error), "error", "typed")
            return False
        if help.error is None:
            return True
        at = Span(help.error.offset, help.error.length)
        self._host.tell(f"{help.error.words}: {_shown(text, at)}", "error", "typed")
        return at

    def _heard(self, text: str, help: QueryHelp) -> None:
        if not help.asks:
            self._show(Route(self._card(self._host.here()).name, query=text.strip(), said=help.said))
            return
        from graveshift_tui.widgets.hidden import HiddenDialog

        span = help.asks[0]
        name = text[: span.offset].rpartition(" ")[2].rstrip("=")

        def given(value: str | None) -> None:
            client = self._host.client
            if value and client is not None:
                self._host.look(client.hide(value), lambda token: self.hold(_put(text, span, token)))

        self._host.app.push_screen(HiddenDialog(f"{clean(name, 60)}: the value is compared, and kept nowhere"), given)

    def _show(self, route: Route) -> None:
        screen = self._host.here()
        if isinstance(screen, ListScreen):
            screen.refilter(Route(route.card, id=screen.route.id, query=route.query, said=route.said))
        else:
            self._host.go(route)

    def _card(self, screen: ConsoleScreen | None) -> Card:
        return screen.card if isinstance(screen, ListScreen) else CARDS["dlq"]


def _put(text: str, span: Span, token: str) -> str:
    return text[: span.offset] + token + text[span.offset + span.length :]


def _shown(text: str, at: Span) -> str:
    """The place, marked: what was read well, and where it goes wrong."""
    before, part = text[: at.offset], text[at.offset :][:AROUND]
    return f"{'…' if len(before) > AROUND else ''}{before[-AROUND:]}▸{part or ' the end'}"
