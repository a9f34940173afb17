"""What is loaded when: each program starts with what it needs and nothing else."""

import json
import os
import subprocess
import sys

import pytest

from tests.house.checkout import PACKAGES, ROOT

HEADLESS = ("client", "conduct", "feed", "format", "keymap", "link", "moments", "rates", "sanitize",
            "settings", "thresholds")  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """The top-level modules a fresh interpreter holds after running this code."""
    report = "; import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    paths = os.pathsep.join(str(package.parent) for package in PACKAGES)
    done = subprocess.run(
        [sys.executable, "-P", "-c", code + report],
        env=os.environ | {"PYTHONPATH": paths},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def exists(module: str) -> bool:
    tui = PACKAGES[1]
    return (tui / f"{module}.py").exists() or (tui / module / "__init__.py").exists()


@pytest.mark.parametrize("module", [module for module in HEADLESS if exists(module)])
def test_the_headless_half_loads_neither_textual_nor_a_database(module: str) -> None:
    assert not loaded_by(f"import graveshift_tui.{module}") & {"textual", "sqlalchemy", "asyncpg", "litestar"}


def test_the_command_lines_entry_loads_neither_typer_nor_pydantic() -> None:
    heavy = {"typer", "click", "pydantic", "sqlalchemy", "asyncpg", "litestar", "prometheus_api_client", "httpx"}
    assert not loaded_by("import graveshift_tui.__main__") & heavy


def test_the_console_loads_only_what_its_first_frame_needs() -> None:
    heavy = {"typer", "pydantic", "sqlalchemy", "asyncpg", "litestar", "prometheus_api_client", "httpx"}
    assert not loaded_by("import graveshift_tui.app") & heavy


def test_a_connection_loads_httpx_without_its_command_line() -> None:
    where = "from graveshift_tui.settings import Where; where = Where(url='http://127.0.0.1:1', token='')"
    found = loaded_by(f"{where}; from graveshift_tui.link import Link; Link(where, 'console')")
    assert "httpx" in found
    assert not found & {"click", "rich", "pygments"}


def test_job_authors_pay_for_what_they_use() -> None:
    assert not loaded_by("import graveshift") & {"sqlalchemy", "litestar", "textual", "asyncpg"}


def test_the_dictionary_imports_nothing_of_ours() -> None:
    for path in (PACKAGES[0] / "wire").glob("*.py"):
        lines = [line for line in path.read_text().splitlines() if line.lstrip().startswith(("from ", "import "))]
        foreign = [line for line in lines if "graveshift" in line and "graveshift.wire" not in line]
        assert not foreign, path.name


def test_the_packages_have_clean_names() -> None:
    for name in ("backend", "tui", "config"):
        assert not (ROOT / name / "__init__.py").exists()
