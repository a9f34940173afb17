"""Whatever becomes of a fault run, no process of it is left: no worker, no backend, no server."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.crew import ROOT
from tests.faults.place import place
from tests.faults.scene import Scene, Stage
from tests.waiting import until_now

MARK = "FAULTS_TEST_MARK"


def _of(mark: str) -> dict[int, str]:
    """pid -> command line of all that carry the mark in their environment, or work below a folder of that name."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            ours = f"{MARK}={mark}".encode() in (process / "environ").read_bytes()
            if words and (ours or mark in str((process / "cwd").readlink())):
                found[int(process.name)] = words
        except OSError:
            continue
    return found


def _count(mark: str, words: str) -> int:
    return sum(words in line for line in _of(mark).values())


@pytest.mark.timeout(180)
@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end_leaves_no_process_behind(wanted: signal.Signals) -> None:
    mark = f"gs-mark-{os.getpid()}-{wanted.name}"
    folder = Path("/tmp") / mark
    folder.mkdir(mode=0o711)
    command = [sys.executable, "-P", "-m", "tests.faults", "--only", "F3", "--seeds", "1", "--short", "--patience", "5"]
    environment = {**os.environ, MARK: mark, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    runner = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        until_now(lambda: _count(mark, "graveshift worker") == 2, within=90, what="two workers are at work")
        assert _count(mark, "graveshift serve") == 1
        assert _count(mark, "postgres") > 0
        runner.send_signal(wanted)
        _, said = runner.communicate(timeout=60)
        assert (runner.returncode, "interrupted" in said) == (130, True), said
        assert _of(mark) == {}
        assert list(folder.iterdir()) == []
    finally:
        for pid in _of(mark):
            os.kill(pid, signal.SIGKILL)
        folder.rmdir()


@pytest.mark.timeout(180)
async def test_a_scene_whose_workers_do_not_come_leaves_no_process_behind(tmp_path: Path) -> None:
    mark = f"gs-mark-{os.getpid()}-scene"
    with place() as server:
        url = await server.migrated("endings")
        stage = Stage(place=server, url=url, folder=tmp_path, seed=1, patience=5, short=True)
        wrong = {"GRAVESHIFT_WORKER_CONCURRENCY": "many", MARK: mark}
        with pytest.raises(AssertionError):
            async with Scene(stage, environment=wrong, serve_environment={MARK: mark}):
                pytest.fail("there are no workers")
        assert _of(mark) == {}
        cluster = str(server.server.data_dir)
    assert _of(cluster) == {}
