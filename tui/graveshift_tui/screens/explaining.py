"""More about the row under the cursor than its list knows: read when the cursor rests, and kept for a while."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final

from msgspec import Struct, structs
from textual.dom import DOMNode

from graveshift_tui.client import Client
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.work import spawn

REST_S: Final = 0.2
FRESH_S: Final = 5.0
KEPT: Final = 50
LOOKED: Final = 500


class Explaining:
    """Reads one thing in full, `then` shows it; a thing that cannot be read stays as its list knows it."""

    def __init__(self, node: DOMNode, card: str, then: Callable[[], None]) -> None:
        self._node = node
        self._card = card
        self._then = then
        self._known: dict[str, tuple[Struct, float]] = {}
        self._reading: str | None = None
        self._looked: dict[str, int] = {}
        self._here: tuple[str, int] | None = None

    def of(self, row: Struct, id: str, client: Client | None) -> Struct:
        """The row with all that is known of it by now; what is old or missing is asked for."""
        known, read_at = self._known.get(id, (None, -FRESH_S))
        if client is not None and monotonic() - read_at >= FRESH_S and self._reading != id:
            self._reading = id
            spawn(self._node, partial(self._read, client, id), "explain", exclusive=True)
        return row if known is None else structs.replace(known, **structs.asdict(row))

    def gained(self, id: str, number: int) -> int:
        """How much more there is of it than when the cursor left it last; than when it came, the first time."""
        if self._here is None or self._here[0] != id:
            self._here = (id, self._looked.get(id, number))
        self._looked[id] = number
        while len(self._looked) > LOOKED:
            del self._looked[next(iter(self._looked))]
        return number - self._here[1]

    async def _read(self, client: Client, id: str) -> None:
        try:
            await asyncio.sleep(REST_S)
            found = await client.one(self._card, id)
        except ConsoleError:
            return
        finally:
            self._reading = None if self._reading == id else self._reading
        self._known[id] = (found, monotonic())
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        self._then()
