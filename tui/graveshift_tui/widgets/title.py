"""The terminal's own title, and tmux's: says what must be seen from elsewhere, and is put back afterwards."""

from collections.abc import Callable
from typing import Any, Final

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

from graveshift_tui.sanitize import clean

KEEP: Final = "\x1b[22;2t"
RESTORE: Final = "\x1b[23;2t"
LONGEST: Final = 80


class Title:
    """Written by the driver that draws the frames, so that it never falls into one; nothing where there is none."""

    def __init__(self) -> None:
        self.write: Callable[[str], None] | None = None
        self._shown = ""

    def show(self, words: str) -> None:
        """These words, made harmless; empty for what the terminal had before."""
        words = clean(words, LONGEST)
        if self.write is None or words == self._shown:
            return
        if not words:
            self.write(RESTORE)
        else:
            self.write(f"{'' if self._shown else KEEP}\x1b]2;{words}\x1b\\")
        self._shown = words

    def driver(self, *, mouse: bool) -> type[Driver]:
        """Textual's own driver, which this title is written by; the mouse over SSH sends what nobody can read."""
        title = self

        class TitledDriver(LinuxDriver):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **(options if mouse else options | {"mouse": False}))
                title.write = self.write

            def resume_application_mode(self) -> None:
                super().resume_application_mode()
                title.write = self.write

            def stop_application_mode(self) -> None:
                title.show("")
                title.write = None
                super().stop_application_mode()

        return TitledDriver
