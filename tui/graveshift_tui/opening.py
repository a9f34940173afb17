"""What a verb's key has asked for and is not there yet: a question, or word that there is none. One at a time."""

from time import monotonic
from typing import Final

AHEAD_S: Final = 1.0
"""For so long after its key what is typed is meant for the question; later one has seen that there is none yet."""
HASTE_S: Final = 0.7
"""Who reads that there is no question pauses for longer; what comes sooner after the key before it was typed for it."""


class Opening:
    """Knows from the key on until its question shows, or until it is known that there will be none."""

    def __init__(self) -> None:
        self.words = ""
        """What is on its way; empty where nothing is."""
        self.is_planned = False
        """True where it becomes a yes or no, and not a field that a value may be typed into ahead."""
        self.turn = 0
        """How many were asked for, or given up."""
        self._began_at = 0.0
        self.asked_at = 0.0
        """When the last yes or no came to show."""
        self.void = ""
        """The last question that turned out to be none."""
        self._void_until = 0.0

    def begin(self, words: str, *, is_planned: bool) -> None:
        """A question is on its way."""
        if not self.words:
            self._began_at = monotonic()
        self.words, self.is_planned = words, is_planned
        self.turn += 1
        self._void_until = 0.0

    def give_up(self) -> bool:
        """The reader waits no more: it is not asked when it comes. False where it is none that can be given up."""
        can = self.is_under_way and self.is_planned
        if can:
            self.turn += 1
            self.end()
        return can

    def end(self, *, asked: bool = False) -> None:
        """It shows where `asked`; or nothing is asked."""
        self.words = ""
        self.asked_at = monotonic() if asked else self.asked_at

    def call_off(self, words: str = "") -> None:
        """There will be none: what was typed ahead for it, `words` or what is on its way, goes nowhere.

        A value is still being typed for a moment; an answer to a yes or no was, or nobody thinks of it.
        """
        self.void = words or self.words
        self._void_until = monotonic() + (0.0 if self.words and self.is_planned else HASTE_S)
        self.end()

    @property
    def is_under_way(self) -> bool:
        """True until it is there."""
        return self.words != ""

    def is_late(self, pressed_at: float) -> bool:
        """True of a key that was pressed when the question had been on its way for long."""
        return self.is_under_way and pressed_at - self._began_at >= AHEAD_S

    @property
    def is_void(self) -> bool:
        """True while keys may still come that were typed for a question that is none."""
        return self._void_until > 0.0

    def swallows(self, pressed_at: float, *, last: bool) -> bool:
        """True of a key that was typed for it, or in haste after one that was; nothing is after the `last`."""
        if pressed_at > self._void_until:
            self._void_until = 0.0
            return False
        self._void_until = 0.0 if last else max(self._void_until, pressed_at + HASTE_S)
        return True

    def takes_no_verb(self, pressed_at: float, *, dialog: bool) -> bool:
        """True of a verb's key pressed while a yes or no was on its way, where it would be typed into that now."""
        return (self.is_under_way and self.is_planned) or (dialog and pressed_at < self.asked_at)
