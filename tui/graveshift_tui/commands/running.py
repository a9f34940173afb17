"""`graveshift run`: pauses, resumes, cancels a run or gives it another rate; at once, and never in need of a plan."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from graveshift.wire.runs import FASTEST, SLOWEST, Run
from graveshift_tui.client import Client
from graveshift_tui.commands.acting import run_line
from graveshift_tui.commands.reading import Output
from graveshift_tui.commands.shell import Config, TokenFile, Url, invoke, new_app, settings_of
from graveshift_tui.commands.terminal import Misused
from graveshift_tui.commands.wiretext import ascii_struct

app = new_app()
UNLIMITED = "unlimited"


class Act(StrEnum):
    """What a run can be told."""

    RATE = "rate"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


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
    wanted = _rate(per_s)
    settings = settings_of(url, token_file, config)
    return asyncio.run(_steer(Client(settings.where, "cli"), act, id, wanted, output))


def _rate(text: str | None) -> float | None:
    if text is None or text == UNLIMITED:
        return None
    try:
        wanted = float(text)
    except ValueError:
        wanted = 0.0
    if not SLOWEST <= wanted <= FASTEST:
        raise Misused(f"a rate is {SLOWEST:g} to {FASTEST:,.0f} items a second, or {UNLIMITED}; `{text}` is none")
    return wanted


async def _steer(client: Client, act: Act, id: str, per_s: float | None, output: Output) -> int:
    try:
        steered: Run = await (client.set_rate(id, per_s) if act is Act.RATE else client.steer(id, act.value))
    finally:
        await client.close()
    print(ascii_struct(steered) if output is Output.JSON else run_line(steered))
    return 0
