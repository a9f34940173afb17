"""The question before a change: what, on what, with which effects, and how to say yes to it."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from msgspec.structs import replace
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from graveshift.wire.plans import Confirm, Plan
from graveshift.wire.runs import Run
from graveshift_tui.client import ApiError, Unreachable
from graveshift_tui.conduct import Conduct
from graveshift_tui.format import fit
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.paint import Line, Lines
from graveshift_tui.widgets.question import question, refusal

LOOK_S = 3.0
FRAME = 6
"""Lines that border, fields and answers take."""
BOX, EDGES = 76, 4
"""Cells of the box, and those of them that border and padding take."""


class Mistyped(ConsoleError):
    """that is not the phrase"""


class ConfirmDialog(ModalScreen[Run | None], inherit_bindings=False):
    """Stays open until the backend has taken the plan, or the reader leaves it; one key per plan, whatever happens.

    `args` are as they were asked: those of a plan are masked, and would make another one.
    """

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ConfirmDialog { align: center middle; background: transparent; }
    ConfirmDialog > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        background: $background; border: round $primary;
    }
    ConfirmDialog.destructive > Vertical { border: round $error; }
    ConfirmDialog Input { height: 1; border: none; padding: 0; background: $panel; margin: 0 0 0 2; }
    ConfirmDialog Input:focus { border: none; }
    """

    class Answered(Message):
        """The backend has taken the plan, given a new one, or neither."""

        def __init__(
            self, *, run: Run | None = None, plan: Plan | None = None, error: ConsoleError | None = None
        ) -> None:
            super().__init__()
            self.run = run
            self.plan = plan
            self.error = error

    class Looked(Message):
        """The plan was read again."""

        def __init__(self, plan: Plan) -> None:
            super().__init__()
            self.plan = plan

    def __init__(self, title: str, scope: str, plan: Plan, conduct: Conduct, args: Mapping[str, object]) -> None:
        super().__init__()
        self.order = title
        self.scope = scope
        self.plan = plan
        self.chosen_yes = False
        self._page = 0
        self._conduct = conduct
        self._args = args
        self._busy = False
        self._error: ConsoleError | None = None

    def compose(self) -> ComposeResult:
        """The words, the fields a plan needs, and the two answers."""
        with Vertical():
            yield Lines(self._question(), id="question")
            if self.plan.confirm is Confirm.PHRASE:
                yield Input(id="phrase", placeholder="the phrase, exactly", select_on_focus=False)
            given = self.plan.args.get("reason")
            yield Input(
                str(given) if given else "",
                id="reason",
                placeholder="reason, for the record (optional)",
                max_length=500,
                select_on_focus=False,
            )
            yield Lines(self._answers(), id="answers")

    def on_mount(self) -> None:
        """The phrase is typed at once; a yes/no question takes keys, and focus is on No."""
        for field in self.query(Input):
            field.cursor_blink = False
        if self.plan.confirm is Confirm.PHRASE:
            self.query_one("#phrase", Input).focus()
        else:
            self.set_focus(None)
        self.set_interval(LOOK_S, self._look)
        self._tell()

    def on_resize(self) -> None:
        """Lines are cut to the width."""
        self.call_after_refresh(self._tell)

    def on_key(self, event: Key) -> None:
        """Keys that no field took; the rest goes on to the fields' own bindings."""
        typing = isinstance(self.focused, Input)
        press = event.character if event.character and event.character.isprintable() else event.key
        act = self._keys(typing).get(press)
        if act is not None:
            event.stop()
            act()

    def _keys(self, typing: bool) -> dict[str, Callable[[], object]]:
        """What each key does now; while a field is typed in, only those that are no text."""
        always: dict[str, Callable[[], object]] = {
            "escape": lambda: self.dismiss(None),
            "ctrl+c": lambda: self.dismiss(None),
            "tab": self._next_field,
            "shift+tab": self._next_field,
            "pagedown": lambda: self._leaf(1),
            "pageup": lambda: self._leaf(-1),
        }
        if typing:
            return always
        turns = dict.fromkeys(("left", "right", "h", "l"), self._turn)
        again = {"r": self._replan} if self._outdated() else {}
        return always | turns | again | {"n": lambda: self.dismiss(None), "y": self._confirm, "enter": self._answer}

    def _leaf(self, by: int) -> None:
        self._page += by
        self._tell()

    def _turn(self) -> None:
        self.chosen_yes = not self.chosen_yes
        self._tell()

    def _answer(self) -> None:
        if self.chosen_yes:
            self._confirm()
        else:
            self.dismiss(None)

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        """Enter in the phrase confirms; enter in the reason goes back to the answers."""
        event.stop()
        if self.plan.confirm is Confirm.PHRASE:
            typed = event.value if event.input.id == "phrase" else self.query_one("#phrase", Input).value
            self._replan() if self._outdated() else self._confirm(typed)
        else:
            self.set_focus(None)

    def _next_field(self) -> None:
        fields: list[Input | None] = list(self.query(Input))
        if self.plan.confirm is not Confirm.PHRASE:
            fields.append(None)
        now = self.focused if isinstance(self.focused, Input) else None
        self.set_focus(fields[(fields.index(now) + 1) % len(fields)])

    def _confirm(self, phrase: str | None = None) -> None:
        """`phrase` is as it stood when enter was pressed, whatever was typed since."""
        if self._busy:
            return
        if phrase is not None and phrase != self.plan.phrase:
            self._error = Mistyped("nothing was done")
            self._tell()
            return
        self._busy, self._error = True, None
        self._tell()
        self._send(phrase, self.query_one("#reason", Input).value.strip() or None)

    def _replan(self) -> None:
        self._busy, self._error = True, None
        self._tell()
        self._plan_anew()

    @work(exclusive=True, group="desk", exit_on_error=False)
    async def _send(self, phrase: str | None, reason: str | None) -> None:
        try:
            run = await self._conduct.confirm(self.plan, phrase=phrase, reason=reason)
        except ConsoleError as error:
            self.post_message(self.Answered(error=error))
        else:
            self.post_message(self.Answered(run=run))

    @work(exclusive=True, group="desk", exit_on_error=False)
    async def _plan_anew(self) -> None:
        try:
            plan = await self._conduct.plan(self.plan.operation, self._args)
        except ConsoleError as error:
            self.post_message(self.Answered(error=error))
        else:
            self.post_message(self.Answered(plan=plan))

    @work(exclusive=True, group="look", exit_on_error=False)
    async def _look(self) -> None:
        """Counts what has arrived since; what does not answer now is said when it matters."""
        if self._busy or self._outdated():
            return
        with suppress(ConsoleError):
            self.post_message(self.Looked(await self._conduct.again(self.plan)))

    @on(Looked)
    def _arrived(self, message: Looked) -> None:
        message.stop()
        arrived = message.plan.arrived_since
        if message.plan.id == self.plan.id and arrived != self.plan.arrived_since:
            self.plan = replace(self.plan, arrived_since=arrived, arrived_is_exact=message.plan.arrived_is_exact)
            self._tell()

    @on(Answered)
    def _settle(self, message: Answered) -> None:
        message.stop()
        self._busy, self._error = False, message.error
        if message.run is not None:
            self.dismiss(message.run)
            return
        if message.plan is not None:
            self.plan = message.plan
            self.chosen_yes, self._page = False, 0
        self._tell()

    def _outdated(self) -> bool:
        return isinstance(self._error, ApiError) and self._error.code in ("plan-stale", "plan-expired", "plan-used")

    def _tell(self) -> None:
        self.set_class(self.plan.confirm is Confirm.PHRASE, "destructive")
        self.query_one("#question", Lines).show(self._question())
        self.query_one("#answers", Lines).show(self._answers())

    @property
    def _width(self) -> int:
        """Cells of a line: known before the box is laid out, so that its first frame is right."""
        return max(20, min(BOX, self.app.size.width) - EDGES)

    def _question(self) -> list[Line]:
        height = self.app.size.height - FRAME - max(0, len(self._state(self._width)) - 1)
        return question(self.order, self.scope, self.plan, self._width, height, page=self._page)

    def _answers(self) -> list[Line]:
        return [*self._state(self._width), self._choices()]

    def _state(self, width: int) -> list[Line]:
        if self._busy:
            return [(("  sent, waiting for the answer", "muted"),)]
        if self._error is None:
            return [()]
        if isinstance(self._error, Unreachable):
            said = "sent, no answer: it may have been done. Confirm again asks with the same key, never twice."
            return [((f"  {said[: width - 2]}", "warn"),), ((f"  {fit(str(self._error), width - 2)}", "muted"),)]
        again = "  r plans it again" if self.plan.confirm is not Confirm.PHRASE else "  enter plans it again"
        lines = refusal(self._error, self.plan, width)
        return [*lines, ((again, "muted"),)] if self._outdated() else lines

    def _choices(self) -> Line:
        if self.plan.confirm is Confirm.PHRASE:
            keys = (("  enter", " do it    "), ("tab", " reason    "), ("esc", " leave it"))
            return tuple(span for key, word in keys for span in ((key, "bold accent"), (word, "muted")))
        lit, dark = ("›", "bold text on cursor"), (" ", "bold text")  # a colour is not seen by everybody
        (yes, yes_tone), (no, no_tone) = (lit, dark) if self.chosen_yes else (dark, lit)
        return ((" ", "text"), (f"{no}n  No, leave it ", no_tone), ("   ", "text"), (f"{yes}y  Yes, do it ", yes_tone),
                ("    tab reason", "muted"))  # fmt: skip
