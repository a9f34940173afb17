"""The text of a filter as it is typed to a command: secret values are asked for, and errors shown at their place."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from getpass import getpass
from typing import Final, TypeVar

from graveshift_tui.client import ApiError, Client
from graveshift_tui.commands.terminal import Misused
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import Where

T = TypeVar("T")

UNREADABLE: Final = "query-unreadable"
ASKS: Final = "=?"


def given(where: Where, text: str | None, resource: str) -> str | None:
    """The text with a token in the place of each `?` that stands for a secret value; the value stays here."""
    if text is None or ASKS not in text:
        return text
    typed = text
    with told(text):
        asks = _once(where, lambda client: client.query_help(typed, resource)).asks
    for span in sorted(asks, key=lambda span: -span.offset):
        name = text[: span.offset].rpartition(" ")[2].rstrip("=")
        value = _asked(name)
        if not value:
            raise Misused(f"no secret value was given for {name}; a pipe gives a line for each `?`")
        token = _once(where, partial(Client.hide, value=value))
        text = text[: span.offset] + token + text[span.offset + span.length :]
    return text


@contextmanager
def told(text: str | None) -> Iterator[None]:
    """An error of the text, that passes through, is shown under its place."""
    try:
        yield
    except ApiError as error:
        if text is not None and error.code == UNREADABLE:
            for line in marked(text, error.extra.get("offset", 0), error.extra.get("length", 0)):
                print(line, file=sys.stderr)
        raise


def marked(text: str, offset: int, length: int) -> list[str]:
    """The text, and carets under a part of it."""
    before, part = clean(text[:offset], 8000), clean(text[offset : offset + length], 8000)
    return [f"  {clean(text, 8000)}", f"  {' ' * len(before)}{'^' * max(len(part), 1)}"]


def _asked(name: str) -> str:
    """A pipe gives a line for each; a terminal shows nothing of it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass(f"{clean(name, 200)}: ")


def _once(where: Where, ask: Callable[[Client], Awaitable[T]]) -> T:
    async def run() -> T:
        client = Client(where, "cli")
        try:
            return await ask(client)
        finally:
            await client.close()

    return asyncio.run(run())
