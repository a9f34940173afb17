"""What triage needs has its key in the keymap and its form on the command line: the table of it names nothing else."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
import typer
from msgspec import inspect

from graveshift.verbs import OPERATIONS
from graveshift_tui import keymap
from graveshift_tui.__main__ import COMMANDS
from tests.house.checkout import ROOT
from tests.house.pages import rows

PAGE = ROOT / "docs" / "operations.md"
TITLE = ["to", "key", "command line"]
CODE = re.compile(r"`([^`]+)`")
NO_KEYS = ("backup", "secret", "schedule", "worker", "queue", "job")
"""Resources whose verbs are no triage of letters."""


def table() -> list[list[str]]:
    found = rows(PAGE)
    start = found.index(TITLE)
    return [row for row in found[start + 2 : start + 40] if "`graveshift" in row[-1] or "`y`" in row[1]]


def commands() -> Iterator[str]:
    for row in table():
        yield from (said for said in CODE.findall(row[2]) if said.startswith("graveshift "))


@cache
def options(command: str) -> frozenset[str]:
    app = import_module(f"graveshift_tui.commands.{COMMANDS[command][0]}").app
    made = typer.main.get_command(app)
    kinds = [made, *getattr(made, "commands", {}).values()]
    return frozenset(option for kind in kinds for param in kind.params for option in param.opts)


def test_each_key_of_the_table_is_one_of_the_console() -> None:
    presses = {press for key in keymap.load().keys.values() for press in key.keys}
    assert [key for row in table() for key in CODE.findall(row[1]) if key not in presses] == []


def test_each_verb_on_letters_and_causes_is_in_the_table_with_its_command() -> None:
    said = set(re.findall(r"graveshift do ([a-z.]+)", " ".join(commands()))) | {"dlq.reveal"}
    wanted = {name for name in OPERATIONS if name.partition(".")[0] not in NO_KEYS}
    assert wanted - said <= {"filter.drop", "group.release"}
    assert said <= OPERATIONS.keys()


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_each_command_of_the_table_is_one_there_is(command: str) -> None:
    _, name, *words = command.split(" ")
    assert set(re.findall(r" (--[a-z-]+|-[a-z])\b", command)) <= options(name)
    if name == "do":
        verb = inspect.type_info(OPERATIONS[words[0]])
        assert isinstance(verb, inspect.StructType)
        taken = {field.encode_name for field in verb.fields}
        assert set(re.findall(r"--arg ([a-z_]+)=", command)) <= taken
