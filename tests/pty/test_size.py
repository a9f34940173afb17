"""The console is as large as its terminal."""

import pytest

from tests.pty.terminal import FAKE, Terminal
from tests.screens.fake_console import LONG
from tests.waiting import until_now


def test_variables_from_another_terminal_do_not_count() -> None:
    with Terminal(FAKE, size=(120, 30), env={"COLUMNS": "80", "LINES": "24"}) as terminal:
        until_now(lambda: terminal.shows("acme"), within=40)
        lines = terminal.text.splitlines()
        assert "? help" in lines[29]
        assert len(lines[0].rstrip()) > 100


def test_a_question_lies_on_the_screen_and_moves_nothing() -> None:
    with Terminal(FAKE) as terminal:
        until_now(lambda: terminal.shows("NEXT"), within=40)
        before = terminal.text.splitlines()
        terminal.send("\x10")
        until_now(lambda: terminal.shows("type to narrow"), within=10)
        during = terminal.text.splitlines()
        assert during[0].split()[:2] == before[0].split()[:2]
        assert during[-1] == before[-1]


@pytest.mark.parametrize("columns", [80, 61])
def test_a_long_line_loses_no_character_to_the_scrollbar(columns: int) -> None:
    with Terminal([*FAKE, "long"], size=(columns, 24)) as terminal:
        until_now(lambda: terminal.shows("NEXT"), within=40)
        terminal.send("3\r")
        until_now(lambda: terminal.shows("payload"), within=20)
        parts = [line[:-1].strip() for line in terminal.text.splitlines()]
        assert "".join(part for part in parts if part and part in LONG) == LONG
