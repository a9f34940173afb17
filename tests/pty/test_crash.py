"""A console that breaks says so in one line: what it worked on stays out of the terminal."""

import stat
from pathlib import Path

from tests.pty.terminal import FAKE, Terminal
from tests.waiting import until_now


def test_a_fault_of_ours_prints_one_line_and_keeps_a_traceback_without_values(tmp_path: Path) -> None:
    with Terminal([*FAKE, "broken"], env={"XDG_STATE_HOME": str(tmp_path)}) as terminal:
        assert until_now(lambda: terminal.code is not None, within=20)
        assert terminal.code == 1
        until_now(lambda: terminal.shows("the console broke"), within=5, what=terminal.text)
        after = bytes(terminal.raw).rpartition(b"\x1b[?1049l")[2]
        assert b"s3cr3t" not in terminal.raw
        assert b"Traceback" not in terminal.raw
        assert after.count(b"graveshift: ") == 1
    [kept] = (tmp_path / "graveshift").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "Traceback" in kept.read_text()
    assert "s3cr3t" not in kept.read_text()
