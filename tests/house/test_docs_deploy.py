"""What the pages tell people to copy works: units, settings files, variables and commands."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from graveshift import settings
from graveshift.__main__ import parser as backend_parser
from graveshift_tui.__main__ import COMMANDS
from tests.house.checkout import ROOT, name_of
from tests.house.pages import pages

DEPLOY = ROOT / "docs" / "deploy.md"
BACKEND = [name for name, (module, _) in COMMANDS.items() if module == "backend"]


def blocks(page: Path, language: str) -> list[str]:
    """Fenced blocks of a language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def units() -> dict[str, str]:
    """The text of each unit by its file name, which stands in the line before it."""
    names = re.findall(r"`/etc/systemd/system/([\w@-]+\.service)`", DEPLOY.read_text())
    return dict(zip(names, blocks(DEPLOY, "ini"), strict=True))


class UnitFile(configparser.ConfigParser):
    """Like systemd: names keep their case, and `%` means nothing to us."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def parsed(unit: str) -> configparser.ConfigParser:
    found = UnitFile(interpolation=None)
    found.read_string(unit)
    return found


@pytest.mark.parametrize("name", units())
def test_a_unit_starts_a_command_that_there_is(name: str) -> None:
    program, *words = shlex.split(parsed(units()[name])["Service"]["ExecStart"])
    assert Path(program).name == "graveshift"
    backend_parser().parse_args(words)


def test_a_worker_may_take_its_grace_period_to_stop() -> None:
    stop_s = int(parsed(units()["graveshift-worker@.service"])["Service"]["TimeoutStopSec"])
    assert stop_s > settings.WorkerSettings().grace_s + 10


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for name, text in units().items():
        (tmp_path / name).write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text))
    instances = [str(tmp_path / name.replace("@", "@1")) for name in units()]
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *instances]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", [DEPLOY, ROOT / "docs" / "settings.md"], ids=name_of)
def test_each_settings_file_on_the_page_can_be_used(page: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    for text in blocks(page, "yaml"):
        own.write_text(text)
        assert settings.load(own, {}) != settings.load(None, {})
        assert yaml.safe_load(text)


def test_the_environment_of_the_units_is_understood() -> None:
    [text] = [block for block in blocks(DEPLOY, "sh") if block.startswith("GRAVESHIFT_")]
    given = dict(line.split("=", 1) for line in text.splitlines())
    found = settings.load(None, {name: value for name, value in given.items() if name != "GRAVESHIFT_CONFIG"})
    assert (found.database.url, found.state_dir) == (given["GRAVESHIFT_DATABASE_URL"], given["GRAVESHIFT_STATE_DIR"])


def commands(page: Path) -> list[list[str]]:
    """Commands of ours in the page's blocks, as words without the program."""
    text = "\n".join(blocks(page, "(?:sh)?") + re.findall(r"(?m)^    (graveshift .*)$", page.read_text()))
    lines = re.findall(r"(?m)^(?:graveshift|\./run) +([a-z].*)$", text)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("page", [page for page in pages() if commands(page)], ids=name_of)
def test_each_command_in_a_block_is_one_there_is(page: Path) -> None:
    known = {*COMMANDS, "test", "check", "bench", "faults", "demo"}
    assert [words for words in commands(page) if words[0] not in known] == []
    for words in commands(page):
        if words[0] in BACKEND:
            backend_parser().parse_args(words)
