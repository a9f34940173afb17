"""What a verb's key has asked for and is not there yet: a question, or word that there is none. One at a time."""

from time import monotonic


class Opening:
    """Knows from the key on until its question shows, or until it is known that there will be none."""

    def __init__(self) -> None:
        self.words = ""
        """What is on its way; empty where nothing is."""
        self.is_planned = False
        """True where it becomes a yes or no, and not a field that a value may be typed into ahead."""
        self.asked_at = 0.0
        """When the last yes or no came to show."""

    def begin(self, words: str, *, is_planned: bool) -> None:
        """A question is on its way."""
        self.words, self.is_planned = words, is_planned

    def end(self, *, asked: bool = False) -> None:
        """It shows where `asked`; or there is none."""
        self.words = ""
        self.asked_at = monotonic() if asked else self.asked_at

    @property
    def is_under_way(self) -> bool:
        """True until it is there."""
        return self.words != ""

    def takes_no_verb(self, pressed_at: float, *, dialog: bool) -> bool:
        """True of a verb's key pressed while a yes or no was on its way, where it would be typed into that now."""
        return (self.is_under_way and self.is_planned) or (dialog and pressed_at < self.asked_at)
