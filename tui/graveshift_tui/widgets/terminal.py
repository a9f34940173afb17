"""Leaves a terminal as it was found: resets at start, signals and a vanished terminal end the app within 2 s."""

import contextlib
import os
import select
import signal
import sys
import termios
from collections.abc import Callable
from threading import Thread
from time import sleep
from types import FrameType
from typing import Any, Final

MODES: Final = "".join(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1015, 1006, 2004, 1004))
SHOWN: Final = "\x1b[?25h\x1b[?7h\x1b[0m"
RESETS: Final = MODES + "\x1b[<u\x1b[?1049l" + SHOWN
GRACE_S: Final = 1.2


class Leave:
    """Watches for the end. A stuck app is ended hard after a grace, with the terminal put right all the same."""

    def __init__(self, leave: Callable[[int], None]) -> None:
        self._leave = leave
        self._leaving = False
        self._modes: list[Any] | None = None
        self._poll: select.poll | None = None

    def start(self) -> None:
        """Takes the signals; to be called on the main thread, before the terminal is changed."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        if sys.__stdin__ is None or not sys.__stdin__.isatty():
            return
        with contextlib.suppress(OSError, termios.error):
            self._modes = termios.tcgetattr(0)
            os.write(2, (MODES + SHOWN).encode())
        self._poll = select.poll()
        self._poll.register(0, 0)

    def check(self) -> None:
        """Leaves where the terminal is gone; cheap enough for every second."""
        if self._poll is not None and self._poll.poll(0):
            self._end(128 + signal.SIGHUP)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._end(128 + number)

    def _end(self, code: int) -> None:
        if self._leaving:
            return
        self._leaving = True
        Thread(target=self._force, args=(code,), daemon=True, name="leave").start()
        self._leave(code)

    def _force(self, code: int) -> None:
        """The loop may hang in a write to a terminal that nobody reads."""
        sleep(GRACE_S)
        with contextlib.suppress(OSError, termios.error):
            os.set_blocking(2, False)
            os.write(2, RESETS.encode())
        with contextlib.suppress(OSError, termios.error):
            os.set_blocking(2, True)
            if self._modes is not None:
                termios.tcsetattr(0, termios.TCSANOW, self._modes)
        os._exit(code)
