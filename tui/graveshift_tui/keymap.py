"""Which key does what: actions and operations by name, read from one YAML file; help and palette come from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import yaml
from msgspec import Struct

from graveshift_tui.settings import SettingsError, nearest

T = TypeVar("T")

PLACES: Final = ("screens", "detail", "dialog")
CARDS: Final = (
    "overview", "groups", "dlq", "queues", "jobs", "workers", "runs", "items", "backups", "secrets", "audit", "trash",
    "schedules", "marks", "runbooks", "filters",
)  # fmt: skip
"""Places too, lists and details alike: a key that belongs to one card goes before what it means elsewhere."""
NAMED: Final = frozenset(
    {"up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
    | {"enter", "escape", "space", "tab", "backspace", "delete", "insert"}
    | {f"f{n}" for n in range(1, 13)}
)
FILES: Final = (
    Path(__file__).parent / "_data" / "config" / "keymap.yaml",
    Path(__file__).parents[2] / "config" / "keymap.yaml",
)
SHOWN: Final = {
    "enter": "⏎", "escape": "esc", "space": "spc", "pageup": "pgup", "pagedown": "pgdn", "up": "↑", "down": "↓",
}  # fmt: skip

HINTS: Final = {
    "group.claim": "claim", "group.note": "note", "runbook": "runbook", "filter.drop": "drop", "filter.save": "keep",
    "open": "open", "back": "back", "mark": "mark", "filter": "filter", "find": "find", "command": "command",
    "dlq.requeue": "requeue", "dlq.requeue.all": "requeue all", "dlq.discard": "discard", "queue.pause": "pause",
    "run.undo": "undo", "queue.limit": "limit", "schedule.fire": "fire now", "schedule.pause": "pause",
    "run.pause": "pause/resume", "run.faster": "faster", "run.slower": "slower", "run.rate": "rate",
    "dlq.canary": "canary", "dlq.requeue.otherwise": "otherwise",
    "run.stop": "stop runs", "backup.create": "back up", "secret.rotate": "rotate", "job.cancel": "cancel",
    "fold": "fold", "letter.next": "next", "letter.previous": "previous", "panel.next": "panel", "copy": "copy",
    "worker.quiet": "quiet", "worker.resume": "resume", "worker.drain": "drain", "worker.stop": "stop",
    "job.hold": "hold", "job.release": "release", "job.bury": "bury", "job.retry": "retry now",
    "dlq.reveal": "reveal", "trace": "trace link", "dlq.edit": "edit", "cause.letters": "siblings",
    "dlq.restore": "restore", "trash.empty": "empty", "queue.drain": "drain", "queue.purge": "purge",
    "mark.all": "mark all", "queue.jobs": "jobs", "queue.letters": "letters",
}  # fmt: skip
"""What the hints at the bottom call an action, where its last word does not do."""


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of one action; `where` are places of PLACES and CARDS."""

    keys: tuple[str, ...]
    title: str
    where: tuple[str, ...] = ("screens",)


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """What one's own file may say of an action; what it leaves out stays."""

    keys: tuple[str, ...] | None = None
    title: str | None = None
    where: tuple[str, ...] | None = None


class Keymap:
    """Looks keys up; built whole and free of collisions."""

    def __init__(self, keys: Mapping[str, Key], source: Path) -> None:
        self.keys = dict(keys)
        self._found: dict[tuple[str, str], str] = {}
        for action, key in self.keys.items():
            for place in key.where:
                for press in key.keys:
                    self._claim(press, place, action, source)

    def action(self, press: str, *places: str) -> str | None:
        """The action of a key in the first of these places that has one for it, or None."""
        return next((found for place in places if (found := self._found.get((press, place)))), None)

    def working(self, action: str, *places: str) -> list[str]:
        """Those of its keys, as hints show them, that do this action in these places."""
        return [SHOWN.get(key, key) for key in self.keys[action].keys if self.action(key, *places) == action]

    def works(self, action: str, *places: str) -> bool:
        """True where one of its keys does this action in these places."""
        return bool(self.working(action, *places))

    def shown(self, action: str) -> str:
        """The first key of an action as a hint shows it; empty where it has none."""
        keys = self.keys[action].keys
        return SHOWN.get(keys[0], keys[0]) if keys else ""

    def all_shown(self, action: str) -> str:
        """Every key of an action, for help."""
        return " ".join(SHOWN.get(key, key) for key in self.keys[action].keys)

    def title(self, action: str) -> str:
        """What the action does, in words."""
        return self.keys[action].title

    def of(self, *places: str) -> dict[str, Key]:
        """The actions that work in any of these places, in the file's order."""
        return {action: key for action, key in self.keys.items() if not set(places).isdisjoint(key.where)}

    def cards(self, action: str) -> tuple[str, ...]:
        """The cards that an action belongs to; none where it works everywhere."""
        return tuple(place for place in self.keys[action].where if place in CARDS)

    def _claim(self, press: str, place: str, action: str, source: Path) -> None:
        _check_press(press, source, action)
        if place not in (*PLACES, *CARDS):
            close = nearest(place, [*PLACES, *CARDS])
            raise SettingsError(f"{source}: {action}: unknown place `{place}`{close}")
        other = self._found.setdefault((press, place), action)
        if other != action:
            raise SettingsError(f"{source}: key `{press}` is both `{other}` and `{action}` in {place}")


def load(own: Path | None = None) -> Keymap:
    """The shipped keys, with one's own file laid over them."""
    path = next((file for file in FILES if file.is_file()), FILES[-1])
    keys = _convert(path, dict[str, Key])
    if own is None:
        return Keymap(keys, path)
    for action, change in _convert(own, dict[str, Change]).items():
        if action not in keys:
            raise SettingsError(f"{own}: unknown action `{action}`{nearest(action, list(keys))}")
        keys[action] = _changed(keys[action], change)
    return Keymap(keys, own)


def _changed(key: Key, change: Change) -> Key:
    return Key(
        key.keys if change.keys is None else change.keys,
        change.title or key.title,
        key.where if change.where is None else change.where,
    )


def _convert(path: Path, kind: type[T]) -> T:
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return msgspec.convert(yaml.load(path.read_text(encoding="utf-8"), loader) or {}, kind)  # noqa: S506 - safe
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from None


def _check_press(press: str, source: Path, action: str) -> None:
    bare = press.removeprefix("ctrl+").removeprefix("shift+")
    if bare not in NAMED and not (len(bare) == 1 and bare.isprintable() and bare != " "):
        raise SettingsError(f"{source}: {action}: unknown key `{press}`{nearest(press, sorted(NAMED))}")
