"""Keys in order: each waits until what the one before it opened is there to take it."""

from collections import deque
from collections.abc import Awaitable, Callable

from textual.app import App
from textual.dom import DOMNode
from textual.events import Key

from graveshift_tui.widgets.prompt import Prompt

LOOK_AGAIN_S = 0.01
LOOKS = 40


class Typeahead:
    """Hands keys on one by one. A key has been dealt with once it has bubbled as far as it can, which a call that
    bubbles behind it tells, and once the screen or the prompt that it opened can be typed into.
    """

    def __init__(self, app: App[int], hand_on: Callable[[Key], Awaitable[None]]) -> None:
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[Key] = deque()
        self._busy = False

    async def take(self, key: Key) -> None:
        """Now, or when it is its turn."""
        self._waiting.append(key)
        if not self._busy:
            await self._next()

    async def _next(self) -> None:
        self._busy = bool(self._waiting)
        if not self._busy:
            return
        key = self._waiting.popleft()
        chain = list((self._app.focused or self._app.screen).ancestors_with_self)
        await self._hand_on(key)
        self._bubble(chain)

    def _bubble(self, chain: list[DOMNode]) -> None:
        while chain:
            node = chain.pop(0)
            if node.call_later(self._bubble, chain):
                return
        self._app.call_later(self._settle, LOOKS)

    async def _settle(self, looks: int) -> None:
        if looks and not self._is_ready():
            self._app.set_timer(LOOK_AGAIN_S, lambda: self._app.call_later(self._settle, looks - 1))
        else:
            await self._next()

    def _is_ready(self) -> bool:
        screen = self._app.screen
        return screen.is_mounted and all(prompt.has_focus for prompt in screen.query(Prompt))
