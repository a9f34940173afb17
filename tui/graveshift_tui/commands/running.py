"""`graveshift run`: pauses, resumes, cancels a run or gives it another rate; at once, and never in need of a plan."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from graveshift.wire.runs import Run, RunState
from graveshift_tui.client import Client
from graveshift_tui.commands.acting import counted
from graveshift_tui.commands.reading import Output
from graveshift_tui.commands.shell import Config, TokenFile, Url, invoke, new_app, settings_of
from graveshift_tui.commands.terminal import Misused
from graveshift_tui.commands.wiretext import ascii_struct
from graveshift_tui.format import speed
from graveshift_tui.rates import LOOKS, rate_of
from graveshift_tui.sanitize import clean

app = new_app()


class Act(StrEnum):
    """What a run can be told."""

    RATE = "rate"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


HOLDS = {Act.PAUSE: RunState.PAUSED}
"""What a live run is once it has come to it."""


def main(name: str, rest: list[str]) -> int:
    """Run `graveshift run`."""
    return invoke(app, name, rest)


@app.command()
def run(
    act: Annotated[Act, typer.Argument(help="What it is told.")],
    id: Annotated[str, typer.Argument(metavar="RUN", help="The run's number; `graveshift get runs` lists them.")],
    per_s: Annotated[str | None, typer.Argument(metavar="[RATE]", help="Items a second, or unlimited.")] = None,
    *,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
    url: Url = None,
    token_file: TokenFile = None,
    config: Config = None,
) -> int:
    """Steer a run, whoever began it: it takes hold at the next chunk.

    `graveshift run rate 81 500`; `graveshift run rate 81 unlimited`; `graveshift run resume 81`, which is the yes to a
    run that asks.
    """
    if (act is Act.RATE) != (per_s is not None):
        raise Misused("a rate is said with `rate`, and with nothing else: `graveshift run rate 81 500`")
    if not id:
        raise Misused("the number of the run is empty; `graveshift get runs` lists them")
    wanted = _rate(per_s)
    settings = settings_of(url, token_file, config)
    return asyncio.run(_steer(Client(settings.where, "cli"), act, id, wanted, output))


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return rate_of(text)
    except ValueError:
        raise Misused(f"`{text}` is no rate. {LOOKS}") from None


async def _steer(client: Client, act: Act, id: str, per_s: float | None, output: Output) -> int:
    try:
        steered: Run = await (client.set_rate(id, per_s) if act is Act.RATE else client.steer(id, act.value))
    finally:
        await client.close()
    print(ascii_struct(steered) if output is Output.JSON else steered_line(steered, act))
    return 0


def steered_line(run: Run, act: Act) -> str:
    """What was asked, and whether it holds already: `run 81: pause asked, it takes hold at the next chunk`."""
    return f"run {clean(run.id)}: {_words(run, act)}; {counted(run)}"


def _words(run: Run, act: Act) -> str:
    match act:
        case Act.RATE:
            since = "once it is resumed" if run.state is RunState.PAUSED else "from now on"
            return f"{'no limit' if run.rate is None else f'{speed(run.rate)}/s'} {since}"
        case Act.RESUME:
            return "resumed, it goes on in the backend"
        case _ if run.state.is_live and run.state is not HOLDS.get(act):
            return f"{act.value} asked, it takes hold at the next chunk"
    return run.state.value
