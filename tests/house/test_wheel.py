"""The wheel is whole: installed away from the checkout, it brings its configuration and themes and runs."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from graveshift import embedded
from tests.house.checkout import ROOT


def call(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What the command printed; its complaint becomes the test's when it fails."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GRAVESHIFT", "XDG"))}
    done = subprocess.run(command, cwd=cwd, env=kept | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of a virtual environment with the wheel; dependencies come from this one's."""
    place = tmp_path_factory.mktemp("elsewhere") / "venv"
    call(sys.executable, "-m", "venv", "--without-pip", place, cwd=place.parent)
    site = next(place.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(f"{Path(pytest.__file__).parent.parent}\n")
    pip = (sys.executable, "-m", "pip", "--python", place / "bin" / "python")
    call(*pip, "install", "--no-index", "--no-deps", "--disable-pip-version-check", wheel, cwd=place.parent)
    return place / "bin"


def shipped(folder: str) -> list[str]:
    return sorted(path.name for path in (ROOT / folder).glob("*.yaml"))


@pytest.mark.parametrize(
    ("folder", "inside"),
    [("config", "graveshift/_data/config"), ("themes", "graveshift_tui/_data/themes")],
)
def test_configuration_and_themes_are_in_the_wheel(wheel: Path, folder: str, inside: str) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert shipped(folder)
    for name in shipped(folder):
        assert f"{inside}/{name}" in names


def test_the_keymap_migrations_and_type_marker_are_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "graveshift_tui/_data/config/keymap.yaml" in names
    assert {"graveshift/py.typed", "graveshift_tui/py.typed"} <= set(names)
    sql = {path.name for path in (ROOT / "backend/graveshift/migrations/sql").glob("*.sql")}
    assert sql
    assert sql == {Path(name).name for name in names if "/migrations/sql/" in name}


def test_the_wheel_holds_our_two_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"graveshift", "graveshift_tui"}


def test_the_installed_packages_are_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    code = "import graveshift, graveshift_tui; print(graveshift.__file__); print(graveshift_tui.__file__)"
    for line in call(installed / "python", "-c", code, cwd=tmp_path).splitlines():
        assert Path(line).is_relative_to(installed.parent)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A directory away from the checkout, home and temporary directory in one, empty again when all is well."""
    place = embedded.temporary_home("graveshift-wheel-")
    yield place
    shutil.rmtree(place)


def test_the_doctor_finds_the_installed_wheel_well(installed: Path, elsewhere: Path) -> None:
    report = call(installed / "graveshift", "doctor", cwd=elsewhere, HOME=str(elsewhere))
    assert "PostgreSQL" in report
    assert "FAIL" not in report


def test_the_headless_demo_runs_from_the_wheel_and_leaves_nothing(installed: Path, elsewhere: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GRAVESHIFT", "XDG"))}
    with (elsewhere / "demo.log").open("w") as log:
        demo = subprocess.Popen(
            [installed / "graveshift", "demo", "--headless"],
            cwd=elsewhere,
            env=kept | {"HOME": str(elsewhere), "TMPDIR": str(elsewhere)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert demo.stdout is not None
        line = json.loads(demo.stdout.readline() or json.dumps((elsewhere / "demo.log").read_text()))
        assert set(line) == {"api", "token", "pid", "downstream"}, line
        assert httpx.get(f"{line['api']}/health", timeout=10).status_code == 200
    finally:
        demo.terminate()
        demo.communicate(timeout=30)
    assert demo.returncode == 0
    (elsewhere / "demo.log").unlink()
    assert list(elsewhere.iterdir()) == []
