"""What is logged is a constant in one style, so that it can be searched for and counted."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.checkout import name_of, package_modules

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = r"[a-z]+(_[a-z]+)+"


def logged(path: Path) -> Iterator[ast.expr]:
    """The first argument of each call of a logger."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            logger = node.func.value
            if isinstance(logger, ast.Name) and logger.id.strip("_") in ("log", "logger"):
                yield node.args[0]


@pytest.mark.parametrize("path", package_modules(), ids=name_of)
def test_an_event_is_a_constant_in_snake_case(path: Path) -> None:
    events = [event.value if isinstance(event, ast.Constant) else ast.unparse(event) for event in logged(path)]
    assert [event for event in events if not re.fullmatch(EVENT, str(event))] == []


def test_there_are_events() -> None:
    assert sum(1 for path in package_modules() for _ in logged(path)) > 30
