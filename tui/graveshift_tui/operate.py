"""The way of every change in the console: a verb and its scope become a plan, a question, and a run."""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace
from textual.app import App
from textual.message import Message

from graveshift.wire.plans import Confirm, Plan
from graveshift.wire.runs import Run, RunState
from graveshift_tui.conduct import Conduct, in_vain, missed
from graveshift_tui.format import stage, things
from graveshift_tui.opening import Opening
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError
from graveshift_tui.steered import by_whom
from graveshift_tui.widgets.work import spawn

NOUNS: Final = {
    "dlq": "letter",
    "run": "letter",
    "job": "job",
    "queue": "queue",
    "queue.purge": "job",
    "backup": "step",
    "secret": "step",
    "schedule": "schedule",
}
"""What the items of an operation are, by its name, else by its resource."""
SLOW_S: Final = 1.0
WHERE: Final = re.compile(r" - at `\$[^`]*`")


class Ask(Struct, frozen=True):
    """A verb with its arguments, `title` as an order (`Requeue`) and `scope` in words (`3 marked letters`).

    `noun` and `tail` say the scope again where only the plan knows how many: `letter`, `of KeyError`.
    """

    operation: str
    args: Mapping[str, object]
    title: str
    scope: str
    noun: str = ""
    tail: str = ""

    @property
    def ids(self) -> list[str]:
        """The things it was given one by one."""
        selection = self.args.get("selection")
        if self.operation == "filter.drop":
            return [str(self.args.get("name", ""))]
        return selection.get("ids", []) if isinstance(selection, dict) else []


class Planned(Message):
    """The backend has said what the verb would do."""

    def __init__(self, ask: Ask, plan: Plan) -> None:
        super().__init__()
        self.ask = ask
        self.plan = plan


class Slow(Message):
    """The backend takes its time to say what the verb would do."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self.ask = ask


class Ended(Message):
    """A run that began here is over: in `words`, and how loudly they are told."""

    def __init__(self, ask: Ask, run: Run) -> None:
        super().__init__()
        self.run = run
        self.words = ending(ask, run)
        well = run.state is RunState.SUCCEEDED and not run.failed
        self.tone = ("warning" if in_vain(run) else "information") if well else "error"


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

    def __init__(self, app: App[int], conduct: Conduct, opening: Opening) -> None:
        self._app = app
        self._conduct = conduct
        self._opening = opening

    def plan(self, ask: Ask) -> None:
        """Finds out what the verb would do; ends as Planned or Refused."""
        self._opening.begin(f"{ask.title} {ask.scope}", is_planned=True)
        spawn(self._app, partial(self._plan, ask, self._opening.turn), "desk")

    def decide(self, ask: Ask, plan: Plan) -> None:
        """Runs a harmless plan at once, and asks about any other."""
        ask = scoped(ask, plan)
        self._opening.end(asked=plan.confirm is not Confirm.NONE)
        if plan.confirm is Confirm.NONE:
            spawn(self._app, partial(self._run, ask, plan), "desk")
            return
        from graveshift_tui.widgets.confirm import ConfirmDialog

        def done(run: Run | None) -> None:
            if run is not None:
                self._app.post_message(Started(ask, run))

        self._app.push_screen(ConfirmDialog(ask.title, ask.scope, plan, self._conduct, ask.args), done)

    def follow(self, ask: Ask, run: Run) -> None:
        """Goes along until the run is over; ends as Ended, or silently where it cannot be followed."""
        spawn(self._app, partial(self._follow, ask, run), "follow")

    async def _follow(self, ask: Ask, run: Run) -> None:
        last = run
        with suppress(ConsoleError):
            async for state in self._conduct.follow(run.id):
                last = state
            self._app.post_message(Ended(ask, last))

    async def _plan(self, ask: Ask, turn: int) -> None:
        """Word of what was given up meanwhile comes to nobody."""
        waiting = self._app.set_timer(SLOW_S, partial(self._app.post_message, Slow(ask)))
        try:
            plan = await self._conduct.plan(ask.operation, ask.args)
        except ConsoleError as error:
            if turn == self._opening.turn:
                self._opening.call_off()
                self._app.post_message(Refused(ask, error))
        except BaseException:
            self._opening.call_off()
            raise
        else:
            if turn == self._opening.turn:
                self._app.post_message(Planned(ask, plan))
        finally:
            waiting.stop()

    async def _run(self, ask: Ask, plan: Plan) -> None:
        try:
            run = await self._conduct.confirm(plan)
        except ConsoleError as error:
            self._app.post_message(Refused(ask, error))
        else:
            self._app.post_message(Started(ask, run))


def scoped(ask: Ask, plan: Plan) -> Ask:
    """The same, with the count that the plan gives instead of what the screen showed."""
    if not ask.noun or plan.count is None:
        return ask
    counted = things(plan.count, ask.noun, exact=plan.count_is_exact)
    return replace(ask, scope=f"all {counted} {ask.tail}".rstrip())


def plain(error: ConsoleError) -> str:
    """For people, who have pressed a key and know nothing of where in the arguments it is wrong."""
    return WHERE.sub("", str(error))


def announcement(ask: Ask, run: Run) -> str:
    """`run 81: requeue 3 marked letters`."""
    soon = "; it begins in a moment, u cancels it" if run.starts_at is not None and run.state is RunState.QUEUED else ""
    return clean(f"run {run.id}: {ask.title.lower()} {ask.scope}{soon}", 300)


def ending(ask: Ask, run: Run) -> str:
    """`run 81: succeeded, 100% of 3 letters (dlq.requeue: 3 marked letters)`."""
    why = f": {run.error}" if run.error else ""
    what = f"{run.operation}: {ask.scope}"
    left = f", {things(run.became.waiting, 'job')} not ended yet" if run.became and run.became.waiting else ""
    became = progress(run) if in_vain(run) else f"{stage(run)}{by_whom(run)}, {progress(run)}{left}"
    return clean(f"run {run.id}: {became} ({what}){why}", 300)


def progress(run: Run) -> str:
    """`61% of 5,100 letters`, and what did not go as planned."""
    from graveshift_tui.format import canary, count, in_canary

    if vain := in_vain(run):
        return vain
    if in_canary(run):
        return canary(run)
    done = f"{portion(run)} of {things(run.total, noun(run))}" if run.total else f"{count(run.handled)} done"
    return ", ".join([done, *odd(run)])


def noun(run: Run) -> str:
    """What its items are, of one."""
    return NOUNS.get(run.operation) or NOUNS.get(run.operation.partition(".")[0], "item")


def odd(run: Run) -> list[str]:
    """`2 gone`: what did not go as planned; of an undo with what did, `8 back, 2 too late`."""
    back = run.moved if run.operation == "run.undo" else 0
    kinds = ((back, "back"), (run.failed, "failed"), (run.conflict, "conflict"), (run.gone, missed(run)))
    return [f"{n:,} {word}" for n, word in kinds if n]


def portion(run: Run) -> str:
    """`61%`; `812` where that is less than one."""
    from graveshift_tui.format import count, share

    return count(run.handled) if run.total and 0 < run.handled * 100 < run.total else share(run.handled, run.total)
