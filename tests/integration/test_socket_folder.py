"""The folder of the API's socket: private where we make it, and told where somebody else's is not."""

import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from graveshift.api.server import listen
from graveshift.settings import ApiSettings


def modes(path: Path) -> list[int]:
    return [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path)]


def test_a_folder_that_is_made_is_0750_and_the_socket_0660(tmp_path: Path) -> None:
    path = tmp_path / "run" / "api.sock"
    with capture_logs() as logs:
        listen(ApiSettings(socket=str(path))).close()
    assert modes(path) == [0o750, 0o660]
    assert logs == []


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777, 0o1777])
def test_a_folder_that_others_can_enter_is_told_and_left_as_it_is(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "run" / "api.sock"
    path.parent.mkdir()
    path.parent.chmod(mode)
    with capture_logs() as logs:
        listen(ApiSettings(socket=str(path))).close()
    assert [(line["event"], line["folder"], line["mode"]) for line in logs] == [
        ("socket_folder_is_open", str(path.parent), f"{mode:04o}")
    ]
    assert modes(path) == [mode, 0o660]


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o2750])
def test_a_folder_as_private_as_ours_is_not_news(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "run" / "api.sock"
    path.parent.mkdir()
    path.parent.chmod(mode)
    with capture_logs() as logs:
        listen(ApiSettings(socket=str(path))).close()
    assert logs == []
