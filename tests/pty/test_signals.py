"""However it is ended, the console leaves within two seconds and leaves the terminal as it found it."""

import signal
import time
from collections.abc import Callable
from itertools import cycle

import pytest

from tests.pty.terminal import FAKE, Terminal
from tests.waiting import until_now

GIVEN_BACK = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1004l")


def opened(*argv: str, **env: str) -> Terminal:
    terminal = Terminal([*FAKE, *argv], env=env)
    until_now(lambda: terminal.shows("CAUSE") and terminal.shows("ana"), within=20, what="the overview")
    return terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_time_with_the_terminal_restored_and_its_own_code(number: int) -> None:
    with opened() as terminal:
        before = time.monotonic()
        terminal.signal(number)
        code = until_now(lambda: terminal.code, within=5)
        assert time.monotonic() - before < 2.0
        assert code == 128 + number
        until_now(lambda: all(reset in bytes(terminal.raw) for reset in GIVEN_BACK), what="resets")


def test_a_vanished_terminal_ends_it_in_time() -> None:
    with opened() as terminal:
        before = time.monotonic()
        terminal.hang_up()
        until_now(lambda: terminal.code is not None, within=5)
        assert time.monotonic() - before < 2.0


def test_a_vanished_terminal_ends_it_even_where_hang_ups_are_ignored() -> None:
    argv = ["sh", "-c", 'trap "" HUP; exec "$0" -m tests.screens.fake_console', FAKE[0]]
    with Terminal(argv) as terminal:
        until_now(lambda: terminal.shows("ana"), within=20)
        before = time.monotonic()
        terminal.hang_up()
        until_now(lambda: terminal.code is not None, within=5)
        assert time.monotonic() - before < 2.0


def test_a_stalled_terminal_does_not_keep_it() -> None:
    with opened("live") as terminal:
        terminal.stall()
        places = cycle("123")

        def stays_full() -> bool:
            terminal.send(next(places))
            return terminal.is_full and terminal.is_full

        until_now(stays_full, within=20, what="the line to fill")
        before = time.monotonic()
        terminal.signal(signal.SIGTERM)
        assert until_now(lambda: terminal.code, within=5) == 128 + signal.SIGTERM
        assert time.monotonic() - before < 2.0


def test_q_leaves_with_code_0() -> None:
    with opened() as terminal:
        terminal.send("q")
        assert until_now(lambda: terminal.code is not None, within=5)
        assert terminal.code == 0


def test_modes_that_another_program_left_are_reset_before_anything_is_drawn() -> None:
    with opened() as terminal:
        start = bytes(terminal.raw)
        assert start.index(b"\x1b[?1003l") < start.index(b"\x1b[?1049h")


def pressed(terminal: Terminal, keys: str, seen: Callable[[], bool]) -> None:
    terminal.send(keys)
    until_now(seen, within=5)


def test_q_names_the_runs_that_go_on_and_a_hasty_enter_stays() -> None:
    with opened("live") as terminal:
        pressed(terminal, "q", lambda: terminal.shows("run 81 dlq.requeue,"))
        pressed(terminal, "\r", lambda: not terminal.shows("Leave?"))
        pressed(terminal, "q", lambda: terminal.shows("Leave?"))
        terminal.send("y")
        until_now(lambda: terminal.code is not None, within=5)
        assert b"run 81 continues" in bytes(terminal.raw)
