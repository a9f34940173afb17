"""`graveshift demo` around a stand-in for the headless half: a real process in its own session."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graveshift_tui.commands.demo import options, parser, play
from graveshift_tui.commands.stage import NotReady, Stage
from graveshift_tui.settings import Flags
from tests.waiting import until_now

READY = '{"api": "http://127.0.0.1:1", "token": "gs_1_x", "pid": 1, "downstream": "http://127.0.0.1:2"}'
HEADLESS = f"""
import signal, subprocess, sys, pathlib, time
signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
child = subprocess.Popen(["sleep", "300"])
pathlib.Path(sys.argv[1]).write_text(f"{{child.pid}}")
print({READY!r}, flush=True)
print("x" * 200_000, flush=True)
try:
    time.sleep(300)
finally:
    child.terminate()
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def headless(tmp_path: Path, script: str = HEADLESS) -> list[str]:
    return [sys.executable, "-c", script, str(tmp_path / "child")]


def child_of(tmp_path: Path) -> int:
    return int((tmp_path / "child").read_text())


def test_the_console_gets_the_address_and_leaving_it_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}
    for name in ("GRAVESHIFT_URL", "GRAVESHIFT_TOKEN", "GRAVESHIFT_DEMO_DOWNSTREAM", "GRAVESHIFT_DEMO_HOME"):
        monkeypatch.setenv(name, "before")

    def console(flags: Flags, start_at: str | None) -> int:
        assert alive(child_of(tmp_path))
        seen.update(os.environ)
        return 3

    assert play(Flags(), headless(tmp_path), console) == 3
    assert seen["GRAVESHIFT_URL"] == "http://127.0.0.1:1"
    assert seen["GRAVESHIFT_TOKEN"] == "gs_1_x"
    assert seen["GRAVESHIFT_DEMO_DOWNSTREAM"] == "http://127.0.0.1:2"
    assert seen["GRAVESHIFT_DEMO_HOME"] == "demo"
    until_now(lambda: not alive(child_of(tmp_path)), within=2, what="its children are gone")


def test_a_demo_that_does_not_start_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    script = "import sys; print('port 8470 is taken\\x1b[2J', file=sys.stderr); sys.exit(1)"
    with pytest.raises(NotReady, match="port 8470 is taken"):
        play(Flags(), [sys.executable, "-c", script], lambda flags, at: 0)
    assert "\x1b" not in capfd.readouterr().err


def test_a_demo_that_says_something_else_is_ended(tmp_path: Path) -> None:
    script = HEADLESS.replace(READY, "hello")
    with pytest.raises(NotReady):
        play(Flags(), headless(tmp_path, script), lambda flags, at: 0)
    until_now(lambda: not alive(child_of(tmp_path)), within=2, what="its children are gone")


def test_one_that_will_not_stop_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graveshift_tui.commands.stage.GONE_S", 0.5)
    stage = Stage(headless(tmp_path, HEADLESS.replace("lambda *a: sys.exit(0)", "signal.SIG_IGN")))
    stage.start()
    stage.stop()
    until_now(lambda: not alive(child_of(tmp_path)), within=2, what="its children are gone")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_start_clears_up(tmp_path: Path, number: signal.Signals) -> None:
    never_ready = HEADLESS.replace(f"print({READY!r}, flush=True)", "").replace('print("x" * 200_000, flush=True)', "")
    ours = (
        "import sys; from graveshift_tui.commands.demo import play; from graveshift_tui.settings import Flags\n"
        "sys.exit(play(Flags(), sys.argv[1:], lambda flags, at: 0))"
    )
    command = [sys.executable, "-c", ours, *headless(tmp_path, never_ready)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until_now(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text(), what="it starts")
    time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(10) == 128 + number
    until_now(lambda: not alive(child_of(tmp_path)), within=2, what="its children are gone")


def test_options_are_passed_on_as_typed() -> None:
    typed = parser().parse_args(["--keep", "--data-dir", "/tmp/a b", "--rate", "5", "--theme", "dark"])
    assert options(typed) == ["--data-dir=/tmp/a b", "--rate=5.0", "--keep"]
