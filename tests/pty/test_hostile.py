"""What strangers put into a queue never reaches the terminal as a control, wherever it is shown."""

import re
import time

import pytest

from tests.pty.terminal import FAKE, Terminal
from tests.screens.hostile import HOSTILE
from tests.waiting import until_now

OURS = re.compile(
    rb"\x1b\[[0-9;]*m|\x1b\[[0-9;]*H|\x1b\[\?[0-9;]+[hl]|\x1b\[\?[0-9]+\$p|\x1b\[[<>][0-9]*u|\x1b\[[0-9]*[GK]"
    rb"|\x1b\]22;[a-z]+\x07"
)
CLIPBOARD = rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07"
"""Our own writes, at the reader's wish: base64, so nothing in them can act."""
STILL_S = 0.5
"""A frame comes in several reads, and one may end in the middle of a sequence of ours."""
BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def bad(raw: bytes) -> str:
    """What is left of the output besides our own sequences and printable text."""
    text = OURS.sub(b"", raw).decode("utf-8")
    return "".join(BAD.findall(text))


@pytest.fixture
def terminal() -> Terminal:
    opened = Terminal([*FAKE, "hostile"], size=(120, 50))
    until_now(lambda: opened.shows("ana"), within=40)
    return opened


def step(terminal: Terminal, keys: str, words: str) -> None:
    terminal.send(keys)
    until_now(
        lambda: terminal.shows(words),
        within=40,
        what=f"{words!r} after {keys!r} of {len(terminal.arrived)}; it shows\n{terminal.text}",
    )


def copies(terminal: Terminal) -> int:
    return len(re.findall(CLIPBOARD, bytes(terminal.raw)))


def look_and_ask(terminal: Terminal, word: str, number: int) -> None:
    """One letter in a detail, a dialog and a toast, and on to the next."""
    step(terminal, "\r", "traceback")
    assert word in terminal.text
    step(terminal, "\x1b", "spc mark")
    step(terminal, "r", "Requeue this letter")
    terminal.send("\x1b")
    until_now(lambda: not terminal.shows("Requeue this letter"), what="the dialog to close")
    terminal.send("y")
    until_now(lambda: copies(terminal) == number, what="a copy")
    until_now(lambda: terminal.shows("sent to the clipboard"), what="a toast")
    terminal.send("j")


def test_table_detail_dialog_and_toast_show_ten_hostile_texts_as_text(terminal: Terminal) -> None:
    with terminal:
        step(terminal, "3", "action [@click=app.quit]x[/] end")
        for number, text in enumerate(HOSTILE, start=1):
            look_and_ask(terminal, text.split()[0], number)
        until_now(lambda: terminal.bytes_since(time.monotonic() - STILL_S) == 0, what="the last frame, whole")
        assert bad(re.sub(CLIPBOARD, b"", bytes(terminal.raw))) == ""
        assert terminal.code is None


def test_the_detector_would_see_a_raw_control() -> None:
    for text in HOSTILE[:8]:
        assert bad(text.encode("utf-8", "surrogatepass")), text
