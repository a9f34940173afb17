"""A pane to edit JSON in: typed here or in $EDITOR; what is no JSON stays, with the place where it breaks."""

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap
from typing import Final

from textual.app import ComposeResult, SuspendNotSupported
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import TextArea

from graveshift_tui.sanitize import clean
from graveshift_tui.widgets.paint import Lines

EDGES: Final = 4
"""Cells that border and padding take."""
MOST: Final = 100_000
WIDEST: Final = 20_000
"""Characters of a text, and of one line of it, that are typed in here: past that a key takes a tenth of a second."""
PREVIEW: Final = 8
"""Lines that are shown of a text that is too long for it."""
Check = Callable[[str], str | None]
"""What is wrong with a text; None where nothing is."""


class EditPane(ModalScreen[str | None], inherit_bindings=False):
    """Returns the text once `check` finds nothing wrong with it; None where it was left.

    `draft` is what was made of the text before, and has come to nothing. What is too long to be typed in here is kept
    as it is, and goes through the editor.
    """

    AUTO_FOCUS = "TextArea"
    DEFAULT_CSS = """
    EditPane { align: center middle; background: transparent; }
    EditPane > Vertical { width: 100%; height: 100%; background: $background; border: round $primary; padding: 0 1; }
    EditPane TextArea { height: 1fr; border: none; padding: 0; background: $background; }
    EditPane TextArea:focus { border: none; }
    EditPane Lines { height: auto; }
    EditPane #long { height: 1fr; display: none; }
    EditPane.-long #long { display: block; }
    EditPane.-long TextArea { display: none; }
    """

    def __init__(self, title: str, text: str, check: Check, draft: str | None = None) -> None:
        super().__init__()
        self.order = title
        self.text = text
        self.draft = draft
        self._check = check
        self._given_up: str | None = None
        self._long: str | None = None
        """The text, where it is too long for the area."""

    def compose(self) -> ComposeResult:
        """What it is, the text, what is wrong with it, the keys."""
        with Vertical():
            named = wrap(clean(self.order, 400), max(20, self.app.size.width - EDGES))
            yield Lines([((part, "bold heading"),) for part in named])
            begun = self.text if self.draft is None else self.draft
            area = TextArea(
                "" if _is_long(begun) else begun, soft_wrap=True, tab_behavior="focus", show_line_numbers=True
            )
            area.cursor_blink = False
            yield area
            yield Lines([], id="long")
            yield Lines([()], id="wrong")
            keys = (("ctrl+s", " go on   "), ("ctrl+o", f" {_named()}   "), ("esc", " leave it"))
            yield Lines([tuple(span for key, word in keys for span in ((key, "bold accent"), (word, "muted")))])

    def on_mount(self) -> None:
        """Says where the text is not as it was."""
        if _is_long(begun := self.text if self.draft is None else self.draft):
            self._put(begun)
        if self.draft is not None:
            self._say("as you had it last: esc twice throws that away, ctrl+s goes on with it")

    async def on_key(self, event: Key) -> None:
        """Everything else is typed."""
        act = {"ctrl+s": self._go_on, "ctrl+o": self._elsewhere, "escape": self._leave, "ctrl+c": self._leave}
        if event.key in act:
            event.stop()
            event.prevent_default()
            act[event.key]()

    def _leave(self) -> None:
        """What was typed is not lost by one key."""
        text = self._held()
        if text in (self.text, self._given_up):
            self.dismiss(None)
        else:
            self._given_up = text
            self._say("edited: esc again throws that away, ctrl+s goes on with it")

    def _go_on(self) -> None:
        text = self._held()
        if wrong := self._check(text):
            self._say(wrong)
        else:
            self.dismiss(text)

    def _elsewhere(self) -> None:
        """In the operator's editor; whatever becomes of it, the text is here again."""
        text, wrong = self._held(), ""
        try:
            with self.app.suspend():
                # What fails in here must not pass through: Textual would not take the terminal back.
                try:
                    text = in_editor(text)
                except (OSError, ValueError) as error:
                    wrong = getattr(error, "strerror", None) or "what it was given or has left is not UTF-8"
        except SuspendNotSupported:
            self._say(f"{_named()}: this terminal cannot be lent to it")
            return
        self._put(text)
        self.app.refresh(layout=True)
        self._say(f"{_named()}: {wrong}" if wrong else self._check(text) or "")

    def _held(self) -> str:
        """The text as it is now."""
        return self.query_one(TextArea).text if self._long is None else self._long

    def _put(self, text: str) -> None:
        """Into the area, where that can take it; keys reach this pane either way."""
        area = self.query_one(TextArea)
        self._long = text if _is_long(text) else None
        self.set_class(self._long is not None, "-long")
        area.text = "" if self._long is not None else text
        if self._long is None:
            area.focus()
            return
        self.set_focus(None)
        lines = text.split("\n")
        widest = max(map(len, lines))
        said = f"{len(text):,} characters" + (f", {widest:,} of them in one line" if widest > WIDEST else "")
        width = max(20, self.app.size.width - EDGES)
        ways = f"ctrl+o opens it in {clean(_named())}, ctrl+s goes on with it"
        told = wrap(f"{said}: too long to be typed in here. {ways}.", width)
        begins = [((clean(line, width), "muted"),) for line in lines[:PREVIEW]]
        self.query_one("#long", Lines).show([*[((part, "bold warn"),) for part in told], (), *begins])

    def _say(self, words: str) -> None:
        self.query_one("#wrong", Lines).show([((clean(words, 300), "crit"),)])


def _is_long(text: str) -> bool:
    return len(text) > MOST or max(map(len, text.split("\n"))) > WIDEST


def in_editor(text: str) -> str:
    """What the editor made of it; the text as it was where the editor failed. Raises OSError where there is none.

    The file is the operator's alone, and gone at the end.
    """
    with tempfile.TemporaryDirectory(prefix="graveshift-edit-") as folder:
        path = Path(folder) / "payload.json"
        path.touch(mode=0o600)
        path.write_text(text)
        done = subprocess.run([*_editor(), str(path)], check=False)
        if done.returncode:
            raise OSError(0, f"it ended with {done.returncode}, and nothing was taken over")
        return path.read_text()


def _editor() -> list[str]:
    """As the operator says; vi where nothing is said, as everywhere."""
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return shlex.split(said) or ["vi"]
    except ValueError:
        return [said]


def _named() -> str:
    """What people call it."""
    return Path(_editor()[0]).name


def no_json(text: str) -> str | None:
    """Where a text breaks that is to be JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}"
    return None


def no_patch(text: str) -> str | None:
    """The same for a merge patch, which is an object that says something."""
    if wrong := no_json(text):
        return wrong
    value = json.loads(text)
    if not isinstance(value, dict) or not value:
        return 'a merge patch is an object: {"to": "a@b"} sets a value, {"cc": null} takes one away'
    return None
