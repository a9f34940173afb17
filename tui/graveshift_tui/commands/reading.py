"""`graveshift get`: prints a resource, or one thing of it, as a table or as the wire's own JSON."""

import asyncio
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer
from msgspec import Raw, Struct
from msgspec.structs import replace

from graveshift.wire.groups import Faceted
from graveshift.wire.health import Health
from graveshift.wire.operations import OperationInfo
from graveshift.wire.overview import Overview
from graveshift.wire.page import Page, Sort
from graveshift.wire.runs import Item
from graveshift.wire.selection import Filter
from graveshift_tui.client import MAX_LIMIT, RESOURCES, Client, decode, params_of, path_of
from graveshift_tui.commands.arguments import verb_lines
from graveshift_tui.commands.columns import COLUMNS
from graveshift_tui.commands.querying import given, told
from graveshift_tui.commands.shell import Config, TokenFile, Url, invoke, new_app, say, settings_of
from graveshift_tui.commands.tables import page_of, table
from graveshift_tui.commands.terminal import Misused
from graveshift_tui.commands.wiretext import ascii_json, ascii_struct
from graveshift_tui.commands.words import filter_of, known, need_clock
from graveshift_tui.format import total

SINGLE: Final[dict[str, type[Struct]]] = {"overview": Overview, "health": Health}
SORTED: Final = ("dlq", "jobs")
app = new_app()


class Output(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"


class Asked(Struct, frozen=True):
    """What was typed; `wanted` None means all."""

    resource: str
    id: str | None
    items: bool
    filter: Filter | None
    wanted: int | None
    sort: Sort | None = None
    query: str | None = None
    by: str | None = None


class Listing(Struct, frozen=True):
    """A paged resource to read: its path, the type of its items, and how many (None: all)."""

    name: str
    path: str
    kind: type[Struct]
    filter: Filter | None
    wanted: int | None
    sort: Sort | None = None
    query: str | None = None

    def params(self, cursor: str | None, limit: int) -> dict[str, str]:
        """Of one page."""
        return params_of(self.filter, cursor, limit, self.sort) | ({"q": self.query} if self.query else {})


def main(name: str, rest: list[str]) -> int:
    """Run `graveshift get`."""
    return invoke(app, name, rest)


@app.command()
def get(
    resource: Annotated[
        str,
        typer.Argument(
            help="queues jobs dlq trash groups workers runs backups secrets schedules marks runbooks filters ..."
        ),
    ],
    id: Annotated[str | None, typer.Argument(help="One thing, with its detail.")] = None,
    *,
    filter: Annotated[list[str] | None, typer.Option("--filter", "-f", metavar="K=V", help="Repeat to narrow.")] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", metavar="TEXT", help="The text of a filter.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, from the first on.")] = 100,
    everything: Annotated[bool, typer.Option("--all", help="Every one that matches.")] = False,
    sort: Annotated[Sort | None, typer.Option(help="Of letters and jobs: which come first.")] = None,
    items: Annotated[bool, typer.Option("--items", help="Of one run: what became of each thing.")] = False,
    by: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Of one cause: by a payload field, or version.")
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
    config: Config = None,
) -> int:
    """Print a resource, or one thing of it.

    Resources: queues jobs dlq trash groups workers runs backups secrets schedules marks runbooks filters audit,
    and overview operations health. `graveshift get operations queue.limit` tells what a verb takes.
    """
    known("resource", resource, [*RESOURCES, *SINGLE, "operations"])
    if id == "":
        raise Misused(f"the id is empty; `graveshift get {resource}` lists them")
    filters = filter or []
    narrowed = filter_of(filters, datetime.now(UTC))
    if (id is not None or resource not in RESOURCES) and (narrowed or query is not None):
        raise Misused(f"{'--filter' if narrowed else '--query'} narrows a list")
    if sort and (id is not None or resource not in SORTED):
        raise Misused(f"--sort is for lists of {' and '.join(SORTED)}")
    if items and (resource != "runs" or id is None):
        raise Misused("--items is for one run, as in `graveshift get runs 81 --items`")
    if by and (resource != "groups" or id is None):
        raise Misused("--by is for one cause, as in `graveshift get groups ID --by payload.user`")
    if id is not None and resource in SINGLE:
        raise Misused(f"{resource} has no ids")
    wanted = None if everything else limit
    settings = settings_of(url, token_file, config)
    asked = Asked(resource, id, items, narrowed, wanted, sort, given(settings.where, query, resource), by)
    with told(asked.query):
        return asyncio.run(_read(Client(settings.where, "cli"), asked, filters, output))


async def _read(client: Client, asked: Asked, filters: list[str], output: Output) -> int:
    try:
        if need_clock(filters):
            asked = replace(asked, filter=filter_of(filters, await client.clock()))
        await _get(client, asked, output)
    finally:
        await client.close()
    return 0


async def _get(client: Client, asked: Asked, output: Output) -> None:
    match asked:
        case Asked(id=str(id), items=True):
            await _list(client, Listing("items", f"{path_of('runs', id)}/items", Item, None, asked.wanted), output)
        case Asked(id=str(id), by=str(by)):
            _print_one(await client.fetch(f"{path_of('groups', id)}/facets", {"by": by}), Faceted, output)
        case Asked(resource="operations", id=str(verb)):
            _print_verb(await client.operations(), verb, output)
        case Asked(id=str(id)):
            _print_one(await client.fetch(path_of(asked.resource, id)), RESOURCES[asked.resource][1], output)
        case Asked(resource=resource) if resource in RESOURCES:
            kind = RESOURCES[resource][0]
            path = f"/v1/{resource}"
            listing = Listing(resource, path, kind, asked.filter, asked.wanted, asked.sort, asked.query)
            await _list(client, listing, output)
        case Asked(resource="operations"):
            _print_operations(await client.fetch("/v1/operations"), output)
        case _:
            _print_one(await client.fetch(f"/v1/{asked.resource}"), SINGLE[asked.resource], output)


async def _list(client: Client, listing: Listing, output: Output) -> None:
    if output is Output.TABLE:
        await _print_table(client, listing)
    elif listing.wanted is not None and listing.wanted <= MAX_LIMIT:
        body = await client.fetch(listing.path, listing.params(None, listing.wanted))
        page = decode(body, Page[Raw])
        if page.next_cursor is None or len(page.items) >= listing.wanted:
            print(ascii_json(body))
        else:
            await _print_pages(client, listing)
    else:
        await _print_pages(client, listing)


async def _print_table(client: Client, listing: Listing) -> None:
    """Page by page, so that a million rows need no memory; columns fit each page."""
    fields, width = COLUMNS[listing.name], _width()
    shown, page = 0, None
    async with aclosing(_pages(client, listing)) as pages:
        async for page in pages:
            rows = [decode(bytes(item), listing.kind) for item in page.items]
            lines = table(fields, rows, width)
            if shown:
                next(lines)
            for line in lines if rows else ():
                print(line)
            shown += len(rows)
    if not shown:
        print(*table(fields, [], width))
    if page is not None and page.next_cursor:
        is_known = page.total is not None and (page.total_is_exact or page.total > shown)
        more = f" of {total(page.total, exact=page.total_is_exact)}" if is_known else ""
        say(f"showing {shown:,}{more}; --limit N or --all shows more")


async def _print_pages(client: Client, listing: Listing) -> None:
    """Many pages as one: every item as it came, the rest of the first page, and the last page's cursor."""
    first, page, comma = None, None, ""
    print('{"items":[', end="")
    async with aclosing(_pages(client, listing)) as pages:
        async for page in pages:
            first = first or page
            for item in page.items:
                print(f"{comma}{ascii_json(bytes(item))}", end="")
                comma = ","
    if first is None or page is None:
        raise AssertionError("there is always a first page")
    rest = msgspec.to_builtins(msgspec.structs.replace(first, items=[], next_cursor=page.next_cursor))
    del rest["items"]
    print(f"],{ascii_json(msgspec.json.encode(rest))[1:]}")


async def _pages(client: Client, listing: Listing) -> AsyncGenerator[Page[Raw], None]:
    """A page may be short, or empty, and go on all the same."""
    cursor, left = None, listing.wanted
    while left is None or left > 0:
        limit = MAX_LIMIT if left is None else min(left, MAX_LIMIT)
        page = decode(await client.fetch(listing.path, listing.params(cursor, limit)), Page[Raw])
        yield page
        before, cursor = cursor, page.next_cursor
        left = None if left is None else left - len(page.items)
        if cursor in (None, before):
            return


def _print_one(body: bytes, kind: type[Struct], output: Output) -> None:
    thing = decode(body, kind)
    if output is Output.JSON:
        print(ascii_json(body))
        return
    for line in page_of(thing):
        print(line)


def _print_operations(body: bytes, output: Output) -> None:
    operations = decode(body, list[OperationInfo])
    if output is Output.JSON:
        print(ascii_json(body))
        return
    for line in table(COLUMNS["operations"], operations, _width()):
        print(line)


def _print_verb(operations: list[OperationInfo], verb: str, output: Output) -> None:
    by_name = {operation.name: operation for operation in operations}
    operation = by_name[known("verb here", verb, list(by_name))]
    for line in [ascii_struct(operation)] if output is Output.JSON else verb_lines(operation):
        print(line)


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
