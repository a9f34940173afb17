"""What a verb that asks has in its hands: what it acts on, the client, and the console to ask through."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from graveshift.wire.overview import Overview
from graveshift_tui.card import Subject
from graveshift_tui.client import Client
from graveshift_tui.opening import Opening
from graveshift_tui.operate import Ask

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Chooser
    from graveshift_tui.widgets.editpane import EditPane

T = TypeVar("T")

Choose: TypeAlias = "Callable[[Chooser, Callable[[tuple[str, str]], None]], None]"
"""Asks for one of several."""
Lay: TypeAlias = "Callable[[EditPane, Callable[[str | None], None]], object]"
"""Opens a pane over the screen; it gives the text, or None where it was left."""


class Host(Protocol):
    """What these flows need of the console."""

    def look(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer."""

    def order(self, ask: Ask) -> None:
        """Plans, asks and runs."""

    def tell(self, text: str, severity: str = "information", about: str = "") -> None:
        """Shows a toast."""


class Asking:
    """The host for one verb: what is read for its question is known to be on its way.

    One that `asks` for a value has it typed ahead; where there is nothing to ask for, that goes nowhere else.
    """

    def __init__(self, host: Host, opening: Opening, words: str, *, asks: bool = True) -> None:
        self.look = host.look
        self.order = host.order
        self.tell = host.tell
        self._opening = opening
        self._words = words
        self._asks = asks

    def ask(self, reading: Awaitable[T], then: Callable[[T], None]) -> None:
        """Reads, and goes on with the answer to a question; beside one that is on its way that one stays to come."""
        if self._opening.is_under_way:
            self.look(reading, then)
            return

        async def read() -> T:
            try:
                return await reading
            except BaseException:
                self._none()
                raise

        def go_on(value: T) -> None:
            self._opening.end()
            try:
                then(value)
            except BaseException:
                self._none()
                raise

        self._opening.begin(self._words, is_planned=False)
        self.look(read(), go_on)

    def _none(self) -> None:
        self._opening.end()
        if self._asks:
            self._opening.call_off(self._words)


class Flow(Struct, frozen=True):
    """One press of a key: made anew for each. `seen` is the last overview, None before the first.

    `lay` opens a pane over the screen.
    """

    desk: Asking
    choose: Choose
    client: Client
    seen: Overview | None
    subject: Subject
    show: Callable[[Struct], None] = lambda thing: None
    """Shows a thing otherwise than it is read, until the screen is left."""
    lay: Lay = lambda pane, then: None
    drafts: dict[str, str] = {}
    """The last text that was edited, by what it is of: a question that is declined or refused loses nothing."""
