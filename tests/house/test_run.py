"""The entry script sets itself up on whatever Python there is, once, and then gets out of the way.

The copies have empty locks, so nothing is fetched: what the programs import comes from this environment.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

PACKAGES = Path(pytest.__file__).parent.parent
BUILDER = ("hatchling", "packaging", "pathspec", "pluggy", "trove_classifiers")
PATH = "/usr/bin:/bin"
pytestmark = pytest.mark.timeout(300)  # each sets up a virtual environment or two, on a machine that may be busy


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout under a path with a space, whose locks ask for nothing."""
    place = tmp_path / "a checkout"
    for folder in ("backend", "tui", "config", "themes", "docs/runbooks"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("run", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place / name)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (place / name).write_text("")
    return place


def start(
    copy: Path, *words: str, path: str = PATH, packages: Path | None = PACKAGES, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Start the script with next to no environment, from a directory that is not the checkout."""
    env = {"HOME": str(copy.parent), "PATH": path}
    env |= {"PYTHONPATH": str(packages)} if packages else {}
    return subprocess.run(
        [copy / "run", *words], env=env, cwd=cwd or copy.parent, capture_output=True, text=True, check=False
    )


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def system_python() -> str:
    """An interpreter outside any virtual environment, for wrappers that pretend to lack something."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def test_help_needs_no_set_up(copy: Path) -> None:
    assert "./run demo" in start(copy, "help").stdout
    assert not (copy / ".venv").exists()


def test_the_first_start_sets_up_aloud_and_the_second_at_once(copy: Path) -> None:
    broken = copy.parent / "shims"
    program(broken, "python3.13", "#!/bin/sh\nexit 127\n")
    first = start(copy, "--version", path=f"{broken}:{Path(system_python()).parent}:{PATH}")
    assert first.returncode == 0, first.stderr
    assert "setting up .venv" in first.stderr
    assert "shims" not in first.stderr
    assert list((copy / "backend/graveshift/__pycache__").glob("*.pyc")), "compiled once, not at each start"
    second = start(copy, "--version")
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_a_changed_lock_sets_up_again(copy: Path) -> None:
    start(copy, "--version")
    (copy / "requirements.lock").write_text("# changed\n")
    assert "setting up" in start(copy, "--version").stderr
    assert start(copy, "--version").stderr == ""


def test_a_moved_checkout_sets_up_again(copy: Path) -> None:
    start(copy, "--version")
    moved = copy.rename(copy.parent / "moved checkout")
    again = start(moved, "--version")
    assert again.returncode == 0, again.stderr
    assert "setting up" in again.stderr


def test_a_link_to_the_script_will_do(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(copy / "run")
    assert (
        "./run demo" in subprocess.run([tmp_path / "link", "help"], capture_output=True, text=True, check=True).stdout
    )


def test_a_python_without_ensurepip_borrows_the_pip_outside(copy: Path) -> None:
    folder, builder = copy.parent / "debian", copy.parent / "builder"
    builder.mkdir()
    for name in BUILDER:
        (builder / name).symlink_to(PACKAGES / name)
    program(
        folder,
        "python3.13",
        f"""#!/bin/sh
case "$*" in
*"-m venv --without-pip"*)
    {system_python()} "$@" && for site in "$5"/lib/python*/site-packages; do echo {builder} >"$site/b.pth"; done ;;
*"-m venv"*) exit 1 ;;
*) exec {system_python()} "$@" ;;
esac
""",
    )
    done = start(copy, "--help", path=f"{folder}:{PATH}", packages=None)
    assert "has no ensurepip" in done.stderr
    assert "ready" in done.stderr, done.stderr
    assert not list(copy.glob(".venv/lib/python*/site-packages/pip"))


@pytest.mark.skipif(not (shutil.which("uv") or (Path(sys.prefix) / "bin/uv").exists()), reason="uv is not here")
def test_uv_is_used_where_it_is(copy: Path) -> None:
    folder = copy.parent / "uv only"
    folder.mkdir()
    (folder / "uv").symlink_to(shutil.which("uv") or Path(sys.prefix) / "bin/uv")
    done = start(copy, "--version", path=f"{folder}:{Path(system_python()).parent}:{PATH}")
    assert done.returncode == 0, done.stderr
    assert "uv" in (copy / ".venv/pyvenv.cfg").read_text()
    assert not list(copy.glob(".venv/lib/python*/site-packages/pip"))


def test_no_python_at_all_is_said_plainly(copy: Path) -> None:
    folder = copy.parent / "bare"
    folder.mkdir()
    for name in ("bash", "readlink", "dirname", "cat", "rm", "env"):
        (folder / name).symlink_to(shutil.which(name) or "")
    text = (copy / "run").read_text()
    (copy / "run").write_text(text.replace("/usr/bin/python3;", "/nonexistent;"))
    done = start(copy, "--version", path=str(folder))
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_the_command_replaces_the_script(copy: Path) -> None:
    start(copy, "--version")
    text = (copy / "run").read_text()
    assert text.count('exec "$python"') >= 3
    (copy / "tui/graveshift_tui/__main__.py").write_text('"""Tell."""\nimport os\nprint(os.getpid())\n')
    child = subprocess.Popen(
        [copy / "run"], env={"HOME": str(copy), "PATH": PATH, **_packages()}, stdout=subprocess.PIPE, text=True
    )
    assert child.communicate()[0].strip() == str(child.pid)


def _packages() -> dict[str, str]:
    return {"PYTHONPATH": os.fspath(PACKAGES)}
