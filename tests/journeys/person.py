"""A person at a terminal: presses keys by name and waits for what they expect to see."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tests.pty.terminal import Terminal
from tests.waiting import until_now

KEYS = {"enter": "\r", "esc": "\x1b", "space": " ", "tab": "\t", "ctrl+p": "\x10"}
PATIENCE_S = 20.0


class Person:
    """Looks at a program on a terminal of its own and types."""

    def __init__(
        self, argv: Sequence[str], *, size: tuple[int, int] = (80, 24), env: Mapping[str, str] | None = None
    ) -> None:
        self.terminal = Terminal(argv, size=size, env=env)

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if error is not None:
            print(self.terminal.text)
        self.terminal.close()

    def press(self, *keys: str) -> None:
        """Named keys by name, everything else as it is typed."""
        for key in keys:
            self.terminal.send(KEYS.get(key, key))

    def sees(self, pattern: str, *, within: float = PATIENCE_S) -> re.Match[str]:
        """Wait until the screen matches; returns the match."""
        try:
            found = until_now(lambda: re.search(pattern, self.terminal.text), within=within)
        except AssertionError:
            raise AssertionError(f"{pattern!r} not seen within {within} s on\n{self.terminal.text}") from None
        assert found
        return found

    def goes(self, key: str, pattern: str) -> None:
        """To another place; a key that seems unheard is pressed again, as people do on a slow line."""
        for _ in range(3):
            self.press(key)
            with suppress(AssertionError):
                self.sees(pattern)
                return
        self.sees(pattern)

    def sees_no_more(self, pattern: str, *, within: float = PATIENCE_S) -> None:
        """Wait until the screen matches no longer."""
        until_now(lambda: not re.search(pattern, self.terminal.text), within=within, what=f"{pattern!r} is still seen")

    def sees_the_end(self, *, within: float) -> int:
        """Wait until the program has ended; returns its exit code."""
        until_now(lambda: not self.terminal.is_alive, within=within, what="the program still runs")
        code = self.terminal.code
        assert code is not None
        return code
