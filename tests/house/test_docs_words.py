"""Each word of the house stands on its page: operations, settings, keys, problem codes, commands, exit codes."""

import argparse
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
import pytest
import yaml
from msgspec import Struct

from graveshift import errors
from graveshift.__main__ import parser as backend_parser
from graveshift.drip import NotifierSettings, ProbeSettings
from graveshift.errors import GraveshiftError
from graveshift.rules import Fold, RunbookRule, Split
from graveshift.schedule import Schedule
from graveshift.settings import Settings, Share, SourceSettings
from graveshift.verbs import OPERATIONS
from graveshift.wire.backups import BackupState
from graveshift.wire.jobs import JobState
from graveshift.wire.runs import Outcome, RunState
from graveshift_tui import keymap
from graveshift_tui.__main__ import COMMANDS, EPILOG
from graveshift_tui.screens import PLACES
from graveshift_tui.screens.driving import MODES
from tests.house.checkout import ROOT
from tests.house.pages import code, headings, prose, rows

DOCS = ROOT / "docs"
SETTINGS = Settings()

# Mappings of names: the page has a row for each key of their entries.
UNNAMED = ("sources", "schedules", "probes", "notifiers", "runbooks")


def settings_of(given: Struct, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`section.key` and its default, of everything that can be set."""
    for name, value in msgspec.structs.asdict(given).items():
        if isinstance(value, Struct):
            yield from settings_of(value, f"{name}.")
        else:
            yield f"{prefix}{name}", value


def errors_of_ours() -> list[type[GraveshiftError]]:
    found = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, GraveshiftError)]
    return sorted(found, key=lambda one: one.code)


def subcommands(parser: argparse.ArgumentParser) -> list[str]:
    return [
        name for act in parser._actions if isinstance(act, argparse._SubParsersAction) for name in act.choices
    ]  # argparse has no public way to ask


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_operation_has_its_heading_and_its_role(name: str) -> None:
    assert name in headings(DOCS / "operations.md")
    section = re.split(rf"^## {re.escape(name)}$", prose(DOCS / "operations.md"), flags=re.MULTILINE)[1]
    assert f"Role: {OPERATIONS[name].role}" in section.partition("\n## ")[0]


def test_no_heading_speaks_of_an_operation_that_is_not_there() -> None:
    verbs = {heading for heading in headings(DOCS / "operations.md") if re.fullmatch(r"[a-z]+\.[a-z]+", heading)}
    assert verbs == set(OPERATIONS)


def test_each_setting_has_its_row_and_its_default() -> None:
    shown = {row[0].strip("`"): row[1] for row in rows(DOCS / "settings.md") if "." in row[0] or "state_dir" in row[0]}
    real = {name: _said(value) for name, value in settings_of(SETTINGS) if name not in UNNAMED}
    assert {name: shown.get(name) for name in real} == real
    entries = {"sources": SourceSettings, "schedules": Schedule, "worker.queues": Share}
    entries |= {"probes": ProbeSettings, "notifiers": NotifierSettings, "runbooks": RunbookRule}
    entries |= {"fingerprints.fold": Fold, "fingerprints.split": Split}
    listed = {f"{section}.{name}" for section, kind in entries.items() for name in kind.__struct_encode_fields__}
    assert shown.keys() - real.keys() == listed


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and value:
        return ", ".join(value) if value == ["shipped"] else "see the shipped file"
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_shipped_file_has_each_setting_with_its_default_and_a_word_on_it() -> None:
    text = (ROOT / "config" / "graveshift.yaml").read_text()
    shipped = yaml.safe_load(text)
    given = {
        f"{name}.{key}" if isinstance(section, dict) and section else name: value
        for name, section in shipped.items()
        for key, value in (section.items() if isinstance(section, dict) and section else [("", section)])
    }
    assert given == msgspec.to_builtins(dict(settings_of(SETTINGS)))
    bare = [line for line in text.splitlines() if re.match(r" *\w+: \S", line) and "  # " not in line]
    assert not bare


def test_each_key_of_the_console_is_on_its_page() -> None:
    """Its keys, its action, its title and its places, and no key that is not there."""
    wanted = [
        [" ".join(f"`{press}`" for press in key.keys), f"`{action}`", key.title, ", ".join(key.where)]
        for action, key in keymap.load().keys.items()
    ]
    assert [row for row in rows(DOCS / "tui.md") if len(row) == 4][2:] == wanted


def test_each_screen_and_command_of_the_console_is_on_its_page() -> None:
    shown = code(DOCS / "tui.md")
    assert [name for name in (*PLACES, *(f"demo {mode}" for mode in MODES)) if f":{name}" not in shown] == []


@pytest.mark.parametrize("kind", errors_of_ours(), ids=lambda kind: kind.__name__)
def test_each_problem_code_is_told_with_its_status(kind: type[GraveshiftError]) -> None:
    """`none` is the status of what never crosses the wire."""
    told = [row[1] for row in rows(DOCS / "api.md") if f"`{kind.code}`" in row[0]]
    assert told == [str(kind.status)] or (told == ["none"] and kind.status == 500)


def test_each_command_has_its_heading() -> None:
    page = DOCS / "cli.md"
    told = {word for heading in headings(page) for word in re.findall(r"[a-z]+", heading)}
    assert {*COMMANDS, *subcommands(backend_parser())} <= told
    assert set(subcommands(backend_parser())) <= COMMANDS.keys()


def test_each_option_of_the_backends_commands_is_on_the_page_of_commands() -> None:
    said = " ".join(code(DOCS / "cli.md"))
    tree = next(a for a in backend_parser()._actions if isinstance(a, argparse._SubParsersAction))
    options = {
        option
        for command in tree.choices.values()
        for act in command._actions
        for option in act.option_strings
        if option not in ("-h", "--help")
    }
    assert sorted(option for option in options if not re.search(rf"{option}\b", said)) == []


def test_each_exit_code_of_the_console_is_told() -> None:
    shown = {row[0] for row in rows(DOCS / "cli.md") if re.fullmatch(r"\d", row[0])}
    assert shown == set(re.findall(r"\b(\d) ", EPILOG))


@pytest.mark.parametrize(
    ("page", "words"),
    [("states.md", JobState), ("operations.md", Outcome), ("backup.md", BackupState)],
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)
def test_each_state_has_its_row(page: str, words: type[StrEnum]) -> None:
    shown = {row[0].strip("`") for row in rows(DOCS / page)}
    assert [word for word in words if word not in shown] == []


def test_each_state_of_a_run_is_named() -> None:
    assert [word for word in RunState if word not in code(DOCS / "operations.md")] == []
