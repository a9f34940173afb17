"""`graveshift export`: every letter that matches, as JSON lines or CSV, into a file or to standard output."""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from graveshift_tui.client import Client
from graveshift_tui.commands.querying import given, told
from graveshift_tui.commands.shell import Config, TokenFile, Url, invoke, new_app, say, settings_of
from graveshift_tui.commands.terminal import Misused
from graveshift_tui.commands.words import filter_of, known, need_clock
from graveshift_tui.format import size, things
from graveshift_tui.saving import FileThere, copied, export_params, save

PROGRESS_S = 1.0
app = new_app()


class Format(StrEnum):
    """How letters are written."""

    JSONL = "jsonl"
    CSV = "csv"


def main(name: str, rest: list[str]) -> int:
    """Run `graveshift export`."""
    return invoke(app, name, rest)


@app.command()
def export(
    resource: Annotated[str, typer.Argument(help="dlq.")],
    *,
    filter: Annotated[list[str] | None, typer.Option("--filter", "-f", metavar="K=V", help="Repeat to narrow.")] = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", metavar="TEXT", help="As the console's `/` has it.")
    ] = None,
    id: Annotated[list[str] | None, typer.Option("--id", metavar="ID", help="These, repeated for each.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every letter there is.")] = False,
    format: Annotated[Format, typer.Option(help="How to write them.")] = Format.JSONL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; else standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
    config: Config = None,
) -> int:
    """Write every letter that matches, with its payload, secrets masked.

    A file has mode 0600 and is there when it is whole, or not at all. Exit code 1: it was cut.
    """
    known("resource to export", resource, ["dlq"])
    filters, ids = filter or [], id or []
    if sum(map(bool, (filters or query, ids, everything))) != 1:
        raise Misused("say the scope once: --query and --filter, --id or --all")
    filter_of(filters, datetime.now(UTC))  # what is typed wrong is said before anybody is asked
    settings, fixed = settings_of(url, token_file, config), {"format": format.value}
    if ids:
        fixed["ids"] = ",".join(ids)
    if output is not None and output.exists() and not force:
        raise FileThere(f"{output}; choose another, or overwrite it with --force")
    if text := given(settings.where, query, resource):
        fixed["q"] = text
    with told(text):
        letters = asyncio.run(_export(Client(settings.where, "cli"), filters, fixed, output, force))
    say(f"{things(letters, 'letter')}{f' in {output}' if output else ''}")
    return 0


async def _export(client: Client, filters: list[str], fixed: dict[str, str], output: Path | None, force: bool) -> int:
    try:
        now = await client.clock() if need_clock(filters) else datetime.now(UTC)
        params = export_params(filter_of(filters, now)) | fixed
        if output is not None:
            return await save(client, params, output, force=force, told=_teller())
        write, is_csv = sys.stdout.buffer.write, fixed["format"] == "csv"
        letters = await copied(client.export(params), write, _teller(), csv=is_csv)
        sys.stdout.buffer.flush()
        return letters
    finally:
        await client.close()


def _teller() -> Callable[[int], None]:
    """Says on standard error how much has come, once a second at most; nothing where nobody watches."""
    last = monotonic()

    def told(come: int) -> None:
        nonlocal last
        if sys.stderr.isatty() and monotonic() - last >= PROGRESS_S:
            last = monotonic()
            say(f"{size(come)} so far")

    return told
