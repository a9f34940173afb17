"""Where the console's settings come from, and what an error about them names."""

import socket
from pathlib import Path

import pytest

from graveshift_tui.settings import DEFAULT_URL, Flags, SettingsError, load


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path)}


def write(env: dict[str, str], text: str) -> Path:
    path = Path(env["XDG_CONFIG_HOME"]) / "graveshift" / "console.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_flag_beats_the_environment_and_the_environment_beats_the_file(env: dict[str, str]) -> None:
    write(env, "url: http://file:1\ntheme: light\ninterval_s: 5\n")
    assert load(env).where.url == "http://file:1"
    env["GRAVESHIFT_URL"] = "http://environment:1/"
    assert load(env).where.url == "http://environment:1"
    typed = load(env, Flags(url="unix:///run/g.sock", theme="dark"))
    assert (typed.where.url, typed.theme, typed.interval_s) == ("unix:/run/g.sock", "dark", 5)


def test_without_anything_it_is_the_socket_of_this_host_where_there_is_one(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert load(env).where.url == DEFAULT_URL
    path = Path(env["XDG_STATE_HOME"]) / "graveshift" / "graveshift.sock"
    path.parent.mkdir(parents=True)
    path.touch()
    assert load(env).where.url == DEFAULT_URL
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        assert load(env).where.url == f"unix:{path}"


def test_a_token_comes_from_a_file_beside_the_settings(env: dict[str, str]) -> None:
    path = write(env, "token_file: token\n")
    (path.parent / "token").write_text("gs_1_abc\n")
    assert load(env).where.token == "gs_1_abc"
    env["GRAVESHIFT_TOKEN"] = "gs_2_def"
    assert load(env).where.token == "gs_2_def"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("them: dark\n", "did you mean `theme`?"),
        ("mouse: perhaps\n", "$.mouse"),
        ("- a\n", "mapping"),
        ("a: [\n", "line 2"),
        ("url: ftp://x\n", "url"),
        ("interval_s: 0\n", "interval_s"),
        ("token_file: missing\n", "token_file"),
    ],
)
def test_an_error_names_file_and_key(env: dict[str, str], text: str, named: str) -> None:
    path = write(env, text)
    with pytest.raises(SettingsError) as error:
        load(env)
    assert named in str(error.value)
    assert str(path) in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize("token", ["two words", "gs_é", "gs_\x1b"])
def test_what_cannot_be_a_header_is_no_token_and_is_not_repeated(env: dict[str, str], token: str) -> None:
    env["GRAVESHIFT_TOKEN"] = token
    with pytest.raises(SettingsError) as error:
        load(env)
    assert token not in str(error.value).replace("this is no token", "")


def test_the_mouse_is_off_over_ssh_unless_asked_for(env: dict[str, str]) -> None:
    assert load(env).mouse
    env["SSH_CONNECTION"] = "192.0.2.1 1 192.0.2.2 22"
    assert not load(env).mouse
    assert load(env, Flags(mouse=True)).mouse


def test_a_settings_file_that_was_named_must_be_there(env: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(env, Flags(config=tmp_path / "none.yaml"))
