"""Keys are looked up by place; a wrong keymap names file, key and nearest match."""

from pathlib import Path

import pytest

from graveshift_tui import keymap
from graveshift_tui.settings import SettingsError


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "keys.yaml"
    path.write_text(text)
    return path


def test_the_shipped_keys_have_no_collision_and_every_action_has_a_key() -> None:
    for action, key in keymap.load().keys.items():
        assert key.keys, action


def test_one_key_may_mean_different_things_in_different_places() -> None:
    keys = keymap.load()
    assert keys.action("y", "screens") == "copy"
    assert keys.action("y", "dialog") == "confirm.yes"
    assert keys.action("f9", "screens") is None


def test_ones_own_file_changes_only_what_it_names(tmp_path: Path) -> None:
    keys = keymap.load(own(tmp_path, "dlq.requeue: {keys: [f5]}\n"))
    assert keys.action("f5", "screens") == "dlq.requeue"
    assert keys.action("r", "screens") is None
    assert keys.action("d", "screens") == "dlq.discard"


def test_a_key_of_a_card_goes_before_what_it_means_elsewhere(tmp_path: Path) -> None:
    keys = keymap.load(own(tmp_path, "backup.create: {keys: [p], where: [groups]}\n"))
    assert keys.action("p", "groups", "screens") == "backup.create"
    assert keys.action("p", "dlq", "screens") == "queue.pause"
    assert keys.cards("backup.create") == ("groups",)
    assert "backup.create" not in keys.of("dlq", "screens")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dlq.reque: {keys: [r]}", r"keys\.yaml: unknown action `dlq\.reque` \(did you mean `dlq\.requeue`"),
        ("dlq.requeue: {keys: [d]}", r"keys\.yaml: key `d` is both `dlq\.requeue` and `dlq\.discard`"),
        ("dlq.requeue: {keys: [entr]}", r"keys\.yaml: dlq\.requeue: unknown key `entr` \(did you mean `enter`"),
        ("dlq.requeue: {kyes: [r]}", r"keys\.yaml: .*kyes"),
        ("dlq.requeue: [", r"keys\.yaml: "),
    ],
)
def test_a_wrong_keymap_says_where_and_what(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        keymap.load(own(tmp_path, text))
