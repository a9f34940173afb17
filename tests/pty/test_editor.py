"""A payload goes to the operator's own editor and comes back, on a real terminal, whatever the editor does."""

import json
import stat
from pathlib import Path

import pytest

from tests.pty.terminal import FAKE, Terminal
from tests.waiting import until_now

PANE = "ctrl+s go on"


def editor(folder: Path, script: str) -> str:
    path = folder / "my-editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def at_the_pane(terminal: Terminal) -> None:
    until_now(lambda: terminal.shows("CAUSE"), within=30)
    terminal.send("3")
    until_now(lambda: terminal.shows("› 03:1"), within=10, what="a letter is under the cursor")
    terminal.send("e")
    until_now(lambda: terminal.shows(PANE), within=10)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "No such file or directory"),
        ("exit 3", "it ended with 3, and nothing was taken over"),
        (r"printf '\377' > $1", "is not UTF-8"),
        ("""printf '{"to":' > $1""", "no JSON: Expecting value in line 1, column 7"),
    ],
)
def test_an_editor_that_fails_gives_the_terminal_back(tmp_path: Path, script: str | None, said: str) -> None:
    named = editor(tmp_path, script) if script else "/no/such-editor"
    with Terminal([*FAKE, "frozen"], env={"VISUAL": named}) as terminal:
        at_the_pane(terminal)
        terminal.send("\x0f")
        until_now(lambda: terminal.shows(said), within=10, what="it is said what went wrong")
        assert terminal.shows(PANE)
        terminal.send("\x1b")
        until_now(lambda: not terminal.shows(PANE) or terminal.shows("esc again"), within=10, what="keys are taken")


def test_what_the_editor_wrote_is_in_the_pane_and_in_the_question(tmp_path: Path) -> None:
    with Terminal([*FAKE, "frozen"], env={"VISUAL": editor(tmp_path, """printf '{"to": "ana"}' > $1""")}) as terminal:
        at_the_pane(terminal)
        terminal.send("\x0f")
        until_now(lambda: terminal.shows('{"to": "ana"}'), within=10)
        terminal.send("\x13")
        until_now(lambda: terminal.shows("Edit and requeue"), within=10)


def test_the_title_says_what_it_said_when_the_editor_has_gone(tmp_path: Path) -> None:
    title = b"\x1b]2;graveshift"
    with Terminal([*FAKE, "halted"], env={"VISUAL": editor(tmp_path, "echo here I am")}) as terminal:
        until_now(lambda: terminal.raw.count(title) == 1, within=30, what="the title is set")
        at_the_pane(terminal)
        terminal.send("\x0f")
        until_now(lambda: terminal.raw.count(title) == 2, within=20, what="the title is set again")
        assert terminal.raw.index(b"\x1b[23;2t") < terminal.raw.index(b"here I am")


def test_a_payload_of_megabytes_goes_through_the_editor_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    script = f"""cp $1 {tmp_path}/given; sed -i 's/"ana"/"bob"/' $1"""
    with Terminal([*FAKE, "huge"], env={"VISUAL": editor(tmp_path, script)}) as terminal:
        at_the_pane(terminal)
        assert terminal.shows("too long to be typed")
        spent = terminal.cpu_s()
        terminal.send("abc\x1b[B\x1b[F" * 5)
        terminal.send("\x0f")
        until_now(lambda: terminal.shows('"to": "bob"'), within=20, what="its beginning, as the editor left it")
        assert terminal.cpu_s() - spent < 3
        terminal.send("\x13")
        until_now(lambda: terminal.shows("Edit and requeue"), within=20)
    given = (tmp_path / "given").read_text()
    assert json.loads(given) == {"to": "ana", "body": "lorem ipsum " * 250_000}
