"""One question at a time: which keys may pass while one is on its way, and after one that turned out to be none."""

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.events import Key

from graveshift_tui.opening import Opening
from graveshift_tui.screens.asking import choose
from graveshift_tui.screens.flows import FLOWS, UNASKED
from graveshift_tui.screens.host import Host

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Chooser

STOP: Final = "run.stop"
ALWAYS: Final = (STOP, "quit")
"""What no question that is none keeps away."""
DONE: Final = ("enter", "escape")
"""Keys that end what is typed."""


class Gate:
    """Asked of every key before it is handed on."""

    def __init__(self, host: Host, verbs: Collection[str]) -> None:
        self.opening = Opening()
        self._host = host
        self._verbs = verbs

    @property
    def is_opening(self) -> bool:
        """True while a question is on its way."""
        return self.opening.is_under_way

    def refuses(self, key: Key, pressed_at: float) -> bool:
        """True, and said, of a key that was meant for a question, and would act on something else now.

        That is whatever is typed when a question has been on its way for long, a verb's key that was pressed while the
        yes or no of another was on its way, and whatever was typed for a question that is none.
        """
        action = self._action(key)
        if self.passes(key, pressed_at):
            return False
        if self.opening.is_late(pressed_at):
            self._wait_on(key)
            return True
        if self._is_for_the_void(key, pressed_at, action):
            self._host.tell(f"{self.opening.void}: what was typed for it is dropped", "warning", "dropped")
            return True
        if not self.opening.takes_no_verb(pressed_at, dialog=self._host.here() is None):
            return False
        if action in self._verbs:
            self.say_busy()
        return action in self._verbs

    def _is_for_the_void(self, key: Key, pressed_at: float, action: str | None) -> bool:
        if not self.opening.is_void or self._host.here() is None or action in ALWAYS:
            return False
        return self.opening.swallows(pressed_at, last=key.key in DONE)

    def passes(self, key: Key, pressed_at: float) -> bool:
        """True of a key that waits for no question: a stop while a yes or no is on its way, and more when that is late.

        What is typed for a field that is on its way may begin with any letter.
        """
        if self._host.here() is None or not self.opening.is_under_way:
            return False
        action = self._action(key)
        return action in ALWAYS and (self.opening.is_late(pressed_at) or (action == STOP and self.opening.is_planned))

    def _wait_on(self, key: Key) -> None:
        """A key that came late does nothing; escape gives the question up."""
        what = self.opening.words
        if key.key == "escape" and self.opening.give_up():
            self._host.tell(f"{what}: given up; nothing was done", "warning", "slow")
        else:
            way = ", esc gives it up" if self.opening.is_planned else ""
            self._host.tell(f"{what}: no answer yet; keys do nothing until it is there{way}", "warning", "slow")

    def say_busy(self) -> None:
        """That another question comes first."""
        what = self.opening.words or "another verb"
        self._host.tell(f"one question at a time: {what} comes first; nothing else was done", "warning", "busy")

    def choose(self, chooser: "Chooser", then: Callable[[tuple[str, str]], None]) -> None:
        """Asks for one of several. Keys wait until it can be typed into, and then for what comes of it."""

        def go_on(chosen: tuple[str, str]) -> None:
            self.opening.end()
            then(chosen)

        begin = partial(self.opening.begin, chooser.question, is_planned=False)
        chooser.ready, chooser.taken = self.opening.end, begin
        begin()
        choose(self._host.app, chooser, go_on)

    def call_off(self, action: str) -> None:
        """An action that would have asked for something does not."""
        if action in FLOWS and action not in UNASKED:
            self.opening.call_off(self._host.keymap.title(action))

    def _action(self, key: Key) -> str | None:
        screen = self._host.here()
        places = screen.places if screen is not None else ("screens",)
        return self._host.keymap.action(key.character or key.key, *places)
