"""`graveshift do`: plans a verb, says in words what it would do, asks, carries it out and tells what became of it."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.operations import OperationInfo
from graveshift.wire.plans import Confirm, Plan
from graveshift.wire.runs import Run, RunState
from graveshift.wire.selection import Selection
from graveshift.wire.trials import CanaryState, Then
from graveshift_tui import format as f
from graveshift_tui.client import ApiError, Client
from graveshift_tui.commands.editing import check_taken, edited
from graveshift_tui.commands.querying import given, told
from graveshift_tui.commands.reading import Output
from graveshift_tui.commands.refusing import in_words
from graveshift_tui.commands.shell import Config, TokenFile, Url, invoke, new_app, say, settings_of
from graveshift_tui.commands.wiretext import ascii_struct
from graveshift_tui.commands.words import args_of, known, need_clock, selection_of
from graveshift_tui.conduct import Conduct, in_vain
from graveshift_tui.foretold import forecast_lines, part_lines, sample_lines, warning_lines
from graveshift_tui.format import clock, total
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError
from graveshift_tui.steered import by_whom

CANCELS = "`graveshift run cancel`"

app = new_app()


class PhraseNeeded(ConsoleError):
    """nothing was done, the plan asks for a phrase"""

    exit_code = 7


class YesNeeded(ConsoleError):
    """nothing was done, the plan asks for a yes"""

    exit_code = 2


class NotConfirmed(ConsoleError):
    """nothing was done"""


class Wish(Struct, frozen=True):
    """What was typed: everything that is decided before the backend is asked."""

    verb: str
    args: list[str]
    filters: list[str]
    ids: list[str]
    everything: bool
    dry_run: bool
    yes: bool
    phrase: str | None
    reason: str | None
    wait: bool
    output: Output
    query: str | None = None
    edits: Mapping[str, object] = {}

    def scope(self, now: datetime) -> Selection | None:
        """What was said of it, with times by this clock."""
        return selection_of(self.filters, self.ids, self.everything, now, self.query)


def main(name: str, rest: list[str]) -> int:
    """Run `graveshift do`."""
    return invoke(app, name, rest)


@app.command()
def do(
    verb: Annotated[str, typer.Argument(help="As in dlq.requeue; `graveshift get operations` lists them.")],
    *,
    filter: Annotated[list[str] | None, typer.Option("--filter", "-f", metavar="K=V", help="Whatever matches.")] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", metavar="TEXT", help="The text of a filter.")] = None,
    id: Annotated[list[str] | None, typer.Option("--id", metavar="ID", help="These, repeated for each.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every one there is.")] = False,
    canary: Annotated[int | None, typer.Option(metavar="N", help="Try N first; then it asks.")] = None,
    then: Annotated[Then | None, typer.Option(help="What follows a green canary.")] = None,
    arg: Annotated[list[str] | None, typer.Option("--arg", "-a", metavar="K=V", help="JSON, else a string.")] = None,
    payload: Annotated[str | None, typer.Option(metavar="JSON", help="A letter's new payload, or @file.")] = None,
    patch: Annotated[str | None, typer.Option(metavar="JSON", help="Merged into each payload, or @file.")] = None,
    override: Annotated[bool, typer.Option("--override", help="Also where the last try died again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer a yes/no question with yes.")] = False,
    phrase: Annotated[str | None, typer.Option(help="The phrase that the plan asks for.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Follow the run to its end.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
    url: Url = None,
    token_file: TokenFile = None,
    config: Config = None,
) -> int:
    """Plan a verb, show the plan, confirm it and carry it out.

    The scope is said once: --query, --filter, --id or --all. What a verb takes besides goes into --arg, as in
    `graveshift do queue.pause --arg queue=native:mail --arg until=15m`;
    `graveshift get operations queue.pause` tells what a verb takes.
    """
    edits = edited(payload, patch, override=override)
    tries = [f"{name}={value}" for name, value in (("canary", canary), ("then", then)) if value is not None]
    told_args, scopes = [*(arg or []), *tries], (filter or [], id or [], everything)
    wish = Wish(verb, told_args, *scopes, dry_run, yes, phrase, reason, wait, output, query, edits)
    wish.scope(datetime.now(UTC))  # what is typed wrong is said before anybody is asked
    settings = settings_of(url, token_file, config)
    wish = replace(wish, query=given(settings.where, query, "jobs" if verb.startswith("job.") else "dlq"))
    with told(wish.query), asyncio.Runner() as runner:
        client = Client(settings.where, "cli")
        try:
            return _do(runner, client, wish)
        finally:
            runner.run(client.close())


def _do(runner: asyncio.Runner, client: Client, wish: Wish) -> int:
    """Questions are asked between the loop's runs, where ctrl+c still interrupts them."""
    conduct = Conduct(client)
    plan = runner.run(_plan(client, conduct, wish))
    _show_plan(plan, wish)
    if wish.dry_run:
        return 0
    if _is_empty(plan):
        return _show_nothing(wish)
    phrase = _confirmed(plan, wish)
    run = runner.run(conduct.confirm(plan, phrase=phrase, reason=wish.reason))
    if wish.wait and run.state.is_live:
        run = runner.run(_follow(conduct, run))
    return _show_run(run, wish)


async def _plan(client: Client, conduct: Conduct, wish: Wish) -> Plan:
    operations = {operation.name: operation for operation in await client.operations()}
    operation = operations[known("verb here", wish.verb, list(operations))]
    _check_allowed(operation)
    check_taken(operation, wish.edits)
    now = await client.clock() if need_clock([*wish.filters, *wish.args]) else datetime.now(UTC)
    args = args_of(operation, wish.args, wish.scope(now), now)
    with in_words():
        return await conduct.plan(operation.name, {**args, **wish.edits})


def _check_allowed(operation: OperationInfo) -> None:
    if not operation.allowed:
        raise ApiError("not-allowed", 403, f"this token may not {operation.name}")


def _show_plan(plan: Plan, wish: Wish) -> None:
    """On standard output, or on standard error where that is for the run's JSON."""
    if wish.output is Output.JSON and wish.dry_run:
        print(ascii_struct(plan))
        return
    stream = sys.stderr if wish.output is Output.JSON else sys.stdout
    for line in plan_lines(plan):
        print(line, file=stream)


def _is_empty(plan: Plan) -> bool:
    """True where the scope has nothing in it: there is nothing to run."""
    return "selection" in plan.args and plan.count == 0 and plan.count_is_exact


def _show_nothing(wish: Wish) -> int:
    """Nothing left to do is no failure: a script that is run twice ends well twice."""
    if wish.output is Output.JSON:
        print("null")
    say("nothing matches: no run was started")
    return 0


def plan_lines(plan: Plan) -> list[str]:
    """The plan in words."""
    count = "a number it cannot say" if plan.count is None else total(plan.count, exact=plan.count_is_exact)
    newer = (
        f" ({total(plan.arrived_since, exact=plan.arrived_is_exact)} more came since and are left alone)"
        if plan.arrived_since
        else ""
    )
    lines = [f"plan {clean(plan.id)}: {clean(plan.operation)}, acting on {count}{newer}"]
    lines += [f"  {clean(effect.subject, 200)}: {clean(effect.change, 500)}" for effect in plan.effects]
    lines += [f"  ! {line}" for line in warning_lines(plan)]
    lines += [f"  {line}" for line in (*sample_lines(plan), *part_lines(plan))]
    lines += [f"  {line}" for line in forecast_lines(plan, CANCELS)]
    last = "nothing matches" if _is_empty(plan) else f"{_asks(plan)}; expires {clock(plan.expires_at)}"
    return [*lines, f"  {last}"]


def _asks(plan: Plan) -> str:
    match plan.confirm:
        case Confirm.NONE:
            return "needs no confirmation"
        case Confirm.YES:
            return "asks for a yes"
        case Confirm.PHRASE:
            because = f", because {clean(plan.because, 200)}" if plan.because else ""
            return f"asks for the phrase {clean(plan.phrase or '', 200)!r}{because}"


def _confirmed(plan: Plan, wish: Wish) -> str | None:
    """The phrase to send, or None; raises where the answer is not what the plan asks for."""
    if plan.confirm is Confirm.YES and not wish.yes:
        if not sys.stdin.isatty():
            raise YesNeeded("--yes gives it")
        if _ask("carry it out? [y/N] ").lower() not in ("y", "yes"):
            raise NotConfirmed("the answer was not yes")
    if plan.confirm is not Confirm.PHRASE:
        return None
    phrase = wish.phrase
    if phrase is None and sys.stdin.isatty():
        phrase = _ask("type the phrase to carry it out: ")
    if phrase != plan.phrase:
        given = "none was given" if phrase is None else "another was given"
        raise PhraseNeeded(f"{plan.phrase!r}; {given}")
    return phrase


def _ask(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


async def _follow(conduct: Conduct, started: Run) -> Run:
    """The run as it ended; says how far it is where someone is looking."""
    run = started
    try:
        async with aclosing(conduct.follow(run.id)) as states:
            async for run in states:
                if run.halt and run.state is RunState.PAUSED:
                    break  # it asks, and whoever waits for its end would wait for ever
                _show_progress(run)
    except asyncio.CancelledError:
        say(f"run {run.id} continues without this command; `graveshift get runs {run.id}` tells how far it is")
        raise
    finally:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return run


def _show_progress(run: Run) -> None:
    if sys.stderr.isatty():
        state = f"{run.state}{clean(by_whom(run), 100)}"
        progress = f"run {clean(run.id)}: {state}, {run.handled:,} of {total(run.total, exact=True)}"
        print(f"\r\x1b[K{progress}", end="", file=sys.stderr, flush=True)


def _show_run(run: Run, wish: Wish) -> int:
    if wish.output is Output.JSON:
        print(ascii_struct(run))
    else:
        print(run_line(run))
    return code_of(run)


def code_of(run: Run) -> int:
    """How the command ends; a green canary that was to end the run has done what was asked."""
    if run.canary and run.canary.state is CanaryState.GREEN and run.halt and run.state is RunState.CANCELLED:
        return 0
    ended_badly = not run.state.is_live and run.state is not RunState.SUCCEEDED
    return 1 if ended_badly or run.failed or run.halt else 0


def counted(run: Run) -> str:
    """What became of its items so far."""
    return f"{run.moved:,} moved, {run.conflict:,} conflict, {run.gone:,} gone, {run.failed:,} failed"


def run_line(run: Run) -> str:
    """What became of the run so far, on one line."""
    counts = counted(run)
    told = run.error or run.halt
    error = f" ({clean(told, 500)})" if told else ""
    after = "; it goes on in the backend" if run.state.is_live else ""
    if run.halt and run.state is RunState.PAUSED:
        after = f"; `graveshift run resume {clean(run.id)}` goes on, `graveshift run cancel {clean(run.id)}` ends it"
    if run.canary:
        counts += f"; {run.canary.state.value} {f.canary(run)}"
    became = in_vain(run).partition(":")[0] or f"{run.state.value}{clean(by_whom(run), 100)}"
    return f"run {clean(run.id)}: {clean(run.operation)} {became}: {counts}{error}{after}"
