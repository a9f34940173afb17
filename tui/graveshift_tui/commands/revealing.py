"""`graveshift reveal`: one letter as it is, with a reason for the record."""

import asyncio
from typing import Annotated

import typer

from graveshift.wire.dlq import LetterDetail
from graveshift_tui.client import Client, decode
from graveshift_tui.commands.reading import Output
from graveshift_tui.commands.shell import Config, TokenFile, Url, invoke, new_app, settings_of
from graveshift_tui.commands.tables import page_of
from graveshift_tui.commands.wiretext import ascii_json
from graveshift_tui.conduct import Conduct

app = new_app()


def main(name: str, rest: list[str]) -> int:
    """Run `graveshift reveal`."""
    return invoke(app, name, rest)


@app.command()
def reveal(
    id: Annotated[str, typer.Argument(help="The letter's id.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
    url: Url = None,
    token_file: TokenFile = None,
    config: Config = None,
) -> int:
    """Print one dead letter as it is, without masks. The record says who saw it and why."""
    settings = settings_of(url, token_file, config)
    return asyncio.run(_reveal(Client(settings.where, "cli"), id, reason, output))


async def _reveal(client: Client, id: str, reason: str, output: Output) -> int:
    try:
        body = await Conduct(client).reveal(id, reason)
    finally:
        await client.close()
    if output is Output.JSON:
        print(ascii_json(body))
        return 0
    for line in page_of(decode(body, LetterDetail)):
        print(line)
    return 0
