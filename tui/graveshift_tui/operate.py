"""The way of every change in the console: a verb and its scope become a plan, a question, and a run."""

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from msgspec import Struct
from textual.app import App
from textual.message import Message

from graveshift.wire.plans import Confirm, Plan
from graveshift.wire.runs import Run
from graveshift_tui.conduct import Conduct
from graveshift_tui.format import things
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.work import spawn


class Ask(Struct, frozen=True):
    """A verb with its arguments, `title` as an order (`Requeue`) and `scope` in words (`3 marked letters`)."""

    operation: str
    args: Mapping[str, object]
    title: str
    scope: str


class Planned(Message):
    """The backend has said what the verb would do."""

    def __init__(self, ask: Ask, plan: Plan) -> None:
        super().__init__()
        self.ask = ask
        self.plan = plan


class Started(Message):
    """A run has begun."""

    def __init__(self, ask: Ask, run: Run) -> None:
        super().__init__()
        self.ask = ask
        self.run = run


class Refused(Message):
    """The backend refused, or did not answer."""

    def __init__(self, ask: Ask, error: ConsoleError) -> None:
        super().__init__()
        self.ask = ask
        self.error = error


class Told(Protocol):
    """Who is told in a few words."""

    def tell(self, text: str, severity: str = "information") -> None:
        """Shows a toast; `text` may be hostile."""


class Operate:
    """Asks the Desk on behalf of one app; results come back to the app as messages."""

    def __init__(self, app: App[int], conduct: Conduct) -> None:
        self._app = app
        self._conduct = conduct

    def plan(self, ask: Ask) -> None:
        """Finds out what the verb would do; ends as Planned or Refused."""
        spawn(self._app, partial(self._plan, ask), "desk")

    def decide(self, ask: Ask, plan: Plan) -> None:
        """Runs a harmless plan at once, and asks about any other."""
        if plan.confirm is Confirm.NONE:
            spawn(self._app, partial(self._run, ask, plan), "desk")
            return
        from graveshift_tui.widgets.confirm import ConfirmDialog

        def done(run: Run | None) -> None:
            if run is not None:
                self._app.post_message(Started(ask, run))

        self._app.push_screen(ConfirmDialog(ask.title, ask.scope, plan, self._conduct), done)

    async def _plan(self, ask: Ask) -> None:
        try:
            plan = await self._conduct.plan(ask.operation, ask.args)
        except ConsoleError as error:
            self._app.post_message(Refused(ask, error))
        else:
            self._app.post_message(Planned(ask, plan))

    async def _run(self, ask: Ask, plan: Plan) -> None:
        try:
            run = await self._conduct.confirm(plan)
        except ConsoleError as error:
            self._app.post_message(Refused(ask, error))
        else:
            self._app.post_message(Started(ask, run))


def announcement(ask: Ask, run: Run) -> str:
    """`run 81: requeue 3 marked letters`."""
    return clean(f"run {run.id}: {ask.title.lower()} {ask.scope}", 300)


def progress(run: Run) -> str:
    """`61% of 5,100`, and what did not go as planned."""
    from graveshift_tui.format import count, share

    done = (
        f"{share(run.handled, run.total)} of {things(run.total, 'item')}" if run.total else f"{count(run.handled)} done"
    )
    odd = [
        f"{count(n)} {word}"
        for n, word in ((run.failed, "failed"), (run.conflict, "conflict"), (run.gone, "gone"))
        if n
    ]
    return ", ".join([done, *odd])
