"""A demo never outlives its console, and one that was killed is cleared up by the next."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graveshift import embedded
from graveshift.demo import homes
from graveshift.errors import SettingsError
from tests.journeys.home import empty_home
from tests.waiting import until_now

CONSOLE = """
import time
from graveshift_tui.commands.demo import headless, parser
from graveshift_tui.commands.stage import Stage
print(Stage(headless(parser().parse_args(["--rate=1"]))).start().pid, flush=True)
time.sleep(300)
"""
KILLED = """
import os, signal
from graveshift import embedded
from graveshift.demo.homes import home_for
with home_for(None, keep=False) as home:
    print(embedded.start(embedded.Wish(home=home, durable=False)).pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary folder of this process and of those it starts."""
    with empty_home() as folder:
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        try:
            yield folder
        finally:
            for home in folder.iterdir():
                embedded.stop(home)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def with_folder(folder: Path) -> list[int]:
    """Processes that work in the folder or know it from their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = os.fsencode(folder) + b"/graveshift-demo-" in (process / "environ").read_bytes()
            if told or (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return [pid for pid in found if alive(pid)]


def killed_demo() -> int:
    """The pid of the server that a demo left when it was killed."""
    killed = subprocess.run([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, check=False)
    assert killed.returncode == -signal.SIGKILL
    return int(killed.stdout)


def test_a_console_that_is_killed_takes_its_demo_along(temporary: Path) -> None:
    command = [sys.executable, "-c", CONSOLE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as console:
        assert console.stdout is not None
        demo = int(console.stdout.readline())
        assert alive(demo)
        until_now(lambda: len(with_folder(temporary)) > 3, what="server and workers run")
        console.kill()
    until_now(lambda: not alive(demo), within=15, what="the demo is gone")
    until_now(lambda: not with_folder(temporary), within=5, what="its server and its workers are gone")
    assert list(temporary.iterdir()) == []


def test_what_a_killed_demo_left_is_stopped_and_removed(temporary: Path) -> None:
    server = killed_demo()
    assert alive(server)
    assert homes.sweep() == 1
    assert not alive(server)
    assert list(temporary.iterdir()) == []


def test_two_demos_never_share_a_folder(temporary: Path) -> None:
    with homes.home_for(temporary / "kept", keep=True) as home:
        with (
            pytest.raises(SettingsError, match="another demo runs on"),
            homes.home_for(temporary / "kept", keep=False),
        ):
            pass
        assert (home / homes.MARKER).exists()
    with homes.home_for(temporary / "kept", keep=False) as home:
        pass
    assert not home.exists()


def test_a_demo_that_lives_is_let_be(temporary: Path) -> None:
    with homes.home_for(None, keep=False) as home:
        assert homes.sweep() == 0
        assert (home / homes.MARKER).exists()


def test_only_complete_temporary_folders_of_our_own_are_swept(temporary: Path) -> None:
    killed_demo()
    [home] = temporary.iterdir()
    (home / homes.MARKER).rename(home / "somebody's")
    assert homes.sweep() == 0
    (home / "somebody's").rename(home / homes.MARKER)
    owner = (home / homes.OWNER).read_text()
    for strange in ("", "1", "here is text", owner.replace("pid:[", "pid:[9")):
        (home / homes.OWNER).write_text(strange)
        assert homes.sweep() == 0
    (home / homes.OWNER).unlink()
    assert homes.sweep() == 0
    home.rename(temporary / "named")
    assert homes.sweep() == 0
    embedded.stop(temporary / "named")


def test_a_pid_that_was_given_away_since_keeps_nothing_alive(temporary: Path) -> None:
    killed_demo()
    [home] = temporary.iterdir()
    _, space, began = (home / homes.OWNER).read_text().split()
    (home / homes.OWNER).write_text(f"{os.getpid()} {space} {began}")
    assert homes.sweep() == 1
