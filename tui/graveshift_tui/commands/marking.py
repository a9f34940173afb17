"""`graveshift mark`: records a deploy or another change, for a pipeline's last line."""

import asyncio
from typing import Annotated

import msgspec
import typer

from graveshift.wire.marks import Marked, MarkKind, NewMark
from graveshift.wire.refusals import refusal
from graveshift_tui.client import Client, decode
from graveshift_tui.commands.reading import Output
from graveshift_tui.commands.shell import Config, TokenFile, Url, invoke, new_app, settings_of
from graveshift_tui.commands.terminal import Misused
from graveshift_tui.commands.wiretext import ascii_json
from graveshift_tui.sanitize import clean

app = new_app()


def main(name: str, rest: list[str]) -> int:
    """Run `graveshift mark`."""
    return invoke(app, name, rest)


@app.command()
def mark(
    kind: Annotated[MarkKind, typer.Argument(help="What changed.")],
    title: Annotated[str, typer.Argument(help="Its name; of a deploy also the version, unless that is said.")],
    *,
    note: Annotated[str | None, typer.Option(help="What is in it, in a few words.")] = None,
    version: Annotated[str | None, typer.Option(help="As `worker.version` says it.")] = None,
    link: Annotated[str | None, typer.Option(help="Where more stands: http:// or https://.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When, RFC 3339 with an offset; else now.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
    url: Url = None,
    token_file: TokenFile = None,
    config: Config = None,
) -> int:
    """Record a deploy or another change, so that failures can be held against it.

    `graveshift mark deploy v142 --note "retries halved"`; `graveshift mark config "pool of 20"`.
    """
    said = {"kind": kind.value, "title": title, "note": note, "version": version, "link": link, "at": at}
    if kind is MarkKind.DEPLOY and version is None:
        said["version"] = title
    try:
        new = msgspec.convert({name: value for name, value in said.items() if value is not None}, NewMark)
    except msgspec.ValidationError as error:
        raise Misused(refusal(error)) from None
    settings = settings_of(url, token_file, config)
    return asyncio.run(_mark(Client(settings.where, "cli"), new, output))


async def _mark(client: Client, new: NewMark, output: Output) -> int:
    try:
        body = await client.mark(new)
    finally:
        await client.close()
    kept = decode(body, Marked)
    print(ascii_json(body) if output is Output.JSON else f"mark {clean(kept.id)}: {new.kind.value} {clean(new.title)}")
    return 0
