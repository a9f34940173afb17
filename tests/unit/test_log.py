"""The log is one JSON object a line, and a traceback in it shows no values."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from graveshift.log import configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_events_and_messages_of_libraries_have_one_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    structlog.get_logger("graveshift.x").info("run-started", run=81, text="a\nb\x1b[31m")
    logging.getLogger("library").warning("it is %s", "late")
    logging.getLogger("httpx").info("chatter")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["run-started", "it is late"]
    assert (lines[0]["run"], lines[0]["text"], lines[0]["level"]) == (81, "a\nb\x1b[31m", "info")


def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    password = "swordfish"
    try:
        raise ValueError(len(password))
    except ValueError as error:
        structlog.get_logger("graveshift.x").error("it-failed", exc_info=error)
    written = capsys.readouterr().err
    assert json.loads(written)["exception"][0]["exc_type"] == "ValueError"
    assert "swordfish" not in written
