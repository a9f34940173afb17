"""Modules and functions stay small, and each module says in one sentence what it is for."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, all_modules, name_of, package_modules

LONGEST_MODULE = 300
LONGEST_FUNCTION = 60
EVASIVE_NAMES = {"utils", "common", "helpers", "base", "manager"}


@pytest.mark.parametrize("path", all_modules(), ids=name_of)
def test_a_module_is_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", all_modules(), ids=name_of)
def test_a_function_is_at_most_60_lines(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f"{node.name}: {_length(node)} lines" for node in functions if _length(node) > LONGEST_FUNCTION]
    assert not long


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", all_modules(), ids=name_of)
def test_a_module_begins_by_saying_what_it_is_for(path: Path) -> None:
    first = path.read_text().partition("\n")[0]
    assert re.match(r'r?"""\S.*[.:?!]"""$|r?"""\S.*[^"]$', first), f"{name_of(path)} begins with {first!r}"


@pytest.mark.parametrize("path", package_modules(), ids=name_of)
def test_no_module_has_an_evasive_name(path: Path) -> None:
    assert not EVASIVE_NAMES & {path.stem, path.parent.name}


@pytest.mark.parametrize("path", package_modules(), ids=name_of)
def test_packages_hold_no_ignored_types_and_no_unfinished_work(path: Path) -> None:
    found = re.findall(r"type: ignore|\bTODO\b|\bFIXME\b|\bXXX\b", path.read_text())
    assert not found


@pytest.mark.parametrize("path", sorted((ROOT / "backend/graveshift/migrations/sql").glob("*.sql")), ids=name_of)
def test_each_sql_file_is_run_by_the_migration_of_its_name(path: Path) -> None:
    version = path.parent.parent / "versions" / f"{path.stem}.py"
    assert f'run_sql("{path.name}")' in version.read_text()


@pytest.mark.parametrize("path", package_modules(), ids=name_of)
def test_nothing_waits_with_wait_for(path: Path) -> None:
    """Up to Python 3.11 it swallows a cancellation that comes together with what was waited for: the task lives on."""
    assert "wait_for(" not in path.read_text()
