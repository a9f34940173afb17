"""Settings come from the shipped file, then one's own, then variables; a mistake is named with its place."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from graveshift.errors import SettingsError
from graveshift.settings import Settings, Share, load, shipped


def test_the_shipped_file_says_every_default_and_nothing_else() -> None:
    assert yaml.safe_load(shipped().read_text()) == msgspec.to_builtins(Settings())


def test_every_shipped_setting_has_a_comment() -> None:
    settings = [line for line in shipped().read_text().splitlines() if re.match(r"\s*\w+: *\S", line)]
    assert settings
    assert [line for line in settings if not re.search(r"  # \S", line)] == []


def test_without_a_file_or_variables_the_defaults_hold() -> None:
    assert load(environ={}) == Settings()


def test_a_variable_beats_a_file_and_a_file_beats_the_default(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("api: {port: 1234, host: 127.0.0.2}\nsources:\n- {driver: procrastinate, system: mail, url: x}\n")
    found = load(environ={"GRAVESHIFT_CONFIG": str(own), "GRAVESHIFT_API_PORT": "99"})
    assert (found.api.host, found.api.port, found.api.graceful_s) == ("127.0.0.2", 99, 5)
    assert [source.system for source in found.sources] == ["mail"]


def test_a_path_given_beats_the_variable_that_names_one(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("api: {port: 1}")
    assert load(tmp_path / "own.yaml", {"GRAVESHIFT_CONFIG": "/nowhere"}).api.port == 1


def test_an_empty_variable_is_null_and_foreign_variables_are_left_alone() -> None:
    found = load(environ={"GRAVESHIFT_DATABASE_URL": "", "GRAVESHIFT_TOKEN": "t", "GRAVESHIFT_URL": "u", "PATH": "/"})
    assert found.database.url is None
    assert load(environ={"GRAVESHIFT_DATABASE_URL": "postgresql://x"}).database.url == "postgresql://x"
    assert load(environ={"GRAVESHIFT_STATE_DIR": "/s"}).state_dir == "/s"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("api: {prot: 1}", "api.prot: unknown setting; did you mean `port`?"),
        ("apy: {}", "apy: unknown setting; did you mean `api`?"),
        ("api: {port: 70000}", "api.port: Expected `int` <= 65535"),
        ("drip: {slow_ratio: 0.5}", "drip.slow_ratio 0.5 is above stop_ratio 0.3: it would stop before it slows"),
        ("api: {port: '1'}", "api.port: Expected `int`, got `str`"),
        ("worker: {queues: {mail: {wieght: 1}}}", "worker.queues.mail.wieght: unknown setting; did you mean `weight`?"),
        ("worker: {queues: {mail: {weight: 0}}}", "worker.queues.mail.weight: Expected `float` >= 0.01"),
        ("worker: {queues: {mail: {batch: many}}}", "worker.queues.mail.batch: Expected `int | null`, got `str`"),
        ("worker: {queues: {a b: {}}}", "worker.queues.a b: a queue is 1 to 128 letters, digits and `. _ : -`"),
        ("worker: {queues: [mail]}", "worker.queues: must be a mapping of settings"),
        ("worker: {order: strct}", "worker.order: 'strct' is none of weighted, strict; did you mean 'strict'?"),
        ("environment: {colour: pink}", "environment.colour: 'pink' is none of "),
        ("api: 3", "api: must be a mapping"),
        ("- 1", "must be a mapping"),
        ("api: {", "own.yaml: while parsing"),
        ("sources: [{driver: x}]", "sources: Object missing required field"),
    ],
)
def test_a_mistake_in_a_file_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(SettingsError) as refused:
        load(own, {})
    assert str(own) in str(refused.value)
    assert said in str(refused.value)


def test_a_mistake_in_a_variable_names_it() -> None:
    with pytest.raises(SettingsError, match=r"GRAVESHIFT_API_PROT: .*did you mean `port`"):
        load(environ={"GRAVESHIFT_API_PROT": "1"})
    with pytest.raises(SettingsError, match=r"GRAVESHIFT_LOOPS_SWEEP_S: loops.sweep_s: Expected"):
        load(environ={"GRAVESHIFT_LOOPS_SWEEP_S": "often"})


def test_two_underscores_are_answered_with_the_variable_that_was_meant() -> None:
    with pytest.raises(
        SettingsError, match=r"GRAVESHIFT_API__PORT: unknown variable; did you mean `GRAVESHIFT_API_PORT`"
    ):
        load(environ={"GRAVESHIFT_API__PORT": "1"})
    with pytest.raises(SettingsError, match=r"GRAVESHIFT_API__PROT: api.prot: .*did you mean `port`"):
        load(environ={"GRAVESHIFT_API__PROT": "1"})


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path / "none.yaml", {})


def test_a_worker_is_told_its_queues_in_a_file_and_in_that_order(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "worker: {order: strict, queues: {mail: {weight: 3, batch: 5}, alerts: , reports: {concurrency: 2}}}"
    )
    found = load(own, {}).worker
    assert list(found.queues) == ["mail", "alerts", "reports"]
    assert (found.order, found.queues) == (
        "strict",
        {"mail": Share(3, None, 5), "alerts": Share(), "reports": Share(concurrency=2)},
    )
    with pytest.raises(SettingsError, match=r"GRAVESHIFT_WORKER_QUEUES: worker.queues: must be a mapping"):
        load(environ={"GRAVESHIFT_WORKER_QUEUES": "mail"})
