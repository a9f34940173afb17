"""Keys in order: each waits until what the one before it opened is there to take it."""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Final, Protocol

from textual.app import App
from textual.dom import DOMNode
from textual.events import Key

from graveshift_tui.widgets.prompt import Prompt
from graveshift_tui.widgets.table import Table

PATIENCE_S: Final = 0.3
LOOK_AGAIN_S: Final = 0.01


class Opener(Protocol):
    """Who knows of questions on their way."""

    @property
    def is_opening(self) -> bool:
        """True while one is."""

    def refuses(self, key: Key, pressed_at: float) -> bool:
        """True of a key that was meant for the screen below one, and would be typed into it."""

    def passes(self, key: Key, pressed_at: float) -> bool:
        """True of a key that waits for none."""


class Typeahead:
    """Hands keys on one by one.

    A key has been dealt with once it has bubbled as far as it can, which a call that bubbles behind it tells, and once
    what it opened can be used: a prompt has the focus, a list has its first rows. A key that closes what it was typed
    into takes that call along; then the next key's turn comes when patience ends.
    """

    def __init__(self, app: App[int], hand_on: Callable[[Key], Awaitable[None]], opener: Opener) -> None:
        self._app = app
        self._hand_on = hand_on
        self._opener = opener
        self._waiting: deque[tuple[Key, float]] = deque()
        self._turn = 0
        self._since = 0.0
        self._busy = False

    async def take(self, key: Key) -> None:
        """Now, or when it is its turn; with the last screen gone, never."""
        if self._is_closing():
            return
        now = monotonic()
        if self._opener.passes(key, now):
            self._waiting.appendleft((key, now))
        else:
            self._waiting.append((key, now))
        stuck = monotonic() - self._since > 2 * PATIENCE_S
        if self._busy and not stuck:
            return
        if stuck or self._is_ready():
            await self._next(self._turn)
        else:
            self._busy = True
            self._wait(self._turn)
            self._settle(self._turn)

    async def _next(self, turn: int) -> None:
        if turn != self._turn or self._is_closing():
            return
        self._sift()
        if self._is_held():
            self._wait(turn)
            return
        self._turn += 1
        self._since = monotonic()
        self._busy = bool(self._waiting)
        if self._busy:
            key, _ = self._waiting.popleft()
            chain = list((self._app.focused or self._app.screen).ancestors_with_self)
            await self._hand_on(key)
            self._bubble(self._turn, chain)
            self._wait(self._turn)

    def _wait(self, turn: int) -> None:
        """Its turn comes when all is ready, and at the latest when patience ends."""
        self._app.set_timer(PATIENCE_S, partial(self._call, turn))

    def _call(self, turn: int) -> None:
        self._app.call_later(self._next, turn)

    def _bubble(self, turn: int, chain: list[DOMNode]) -> None:
        while chain:
            if chain.pop(0).call_later(self._bubble, turn, chain):
                return
        self._settle(turn)

    def _sift(self) -> None:
        """Lets go of keys that may go nowhere."""
        while not self._is_closing() and self._waiting and self._opener.refuses(*self._waiting[0]):
            self._waiting.popleft()

    def _settle(self, turn: int) -> None:
        self._sift()
        if self._is_ready():
            self._call(turn)
        elif turn == self._turn and not self._is_closing():
            self._app.set_timer(LOOK_AGAIN_S, partial(self._settle, turn))

    def _is_held(self) -> bool:
        """A question is on its way, and the next key is for it."""
        return self._opener.is_opening and not (self._waiting and self._opener.passes(*self._waiting[0]))

    def _is_closing(self) -> bool:
        # Timers that were set before still fire while the last screen goes.
        return not self._app.screen_stack

    def _is_ready(self) -> bool:
        if self._is_closing():
            return False
        screen = self._app.screen
        typing = all(prompt.has_focus and not prompt.is_leaving for prompt in screen.query(Prompt))
        return (
            screen.is_mounted
            and not self._is_held()
            and typing
            and not any(table.is_blank for table in screen.query(Table))
        )
