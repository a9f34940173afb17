"""Jobs found by what is in their payloads: walked by id in windows, and each window looked into by itself."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.matching import is_covered, is_plain, of_payload, wants
from graveshift.veil import Veil
from graveshift.wire.selection import CARRIED, Filter, Veiled

# Jobs whose payloads one statement looks into, and how many of those one page or count may take.
WINDOW, WINDOWS = 1_000, 20

# By id, payload by payload: whatever the statistics say, never more than the window is read.
HAS = text("""
SELECT u.id, found.has
FROM unnest(CAST(:ids AS bigint[])) AS u (id),
LATERAL (SELECT graveshift.payload_has(p.payload, CAST(CAST(:wanted AS text) AS jsonb)) AS has
         FROM graveshift.payloads p WHERE p.id = u.id OFFSET 0) found
WHERE found.has IS NULL OR found.has
""")
PAYLOAD = text("SELECT CAST(payload AS text) FROM graveshift.payloads WHERE id = :id")

PAYLOADS = text(
    "SELECT id, CAST(payload AS text) AS payload FROM graveshift.payloads WHERE id = ANY(CAST(:ids AS bigint[]))"
)

After = Callable[[Select[Any], int], Select[Any]]
"""The statement from a job on, which is not in it."""


class Wish(Struct, frozen=True):
    """What a filter wants of payloads; `veil` compares secret values, None where they cannot be."""

    chosen: Filter
    veil: Veil | None = None


def looks(chosen: Filter) -> bool:
    """True where payloads have to be looked into."""
    return bool(chosen.given & (CARRIED - {"text", "phrases"}))


async def having(connection: AsyncConnection, ids: Sequence[int], wish: Wish) -> set[int]:
    """Those of these jobs whose payload has what is wished."""
    left, chosen = set(ids), wish.chosen
    for either in _either(chosen):
        left &= set().union(*[await _containing(connection, left, wanted) for wanted in either])
    for veiled in chosen.veiled:
        left &= await _veiled(connection, left, veiled, wish.veil)
    for excluded in of_payload(chosen.without):
        left -= await having(connection, list(left), Wish(excluded, wish.veil))
    return left


def _either(chosen: Filter) -> list[list[str]]:
    return [*([] if chosen.payload is None else [[chosen.payload]]), *chosen.contains]


async def _containing(connection: AsyncConnection, ids: set[int], wanted: str) -> set[int]:
    """What jsonb cannot hold is looked at here, one by one."""
    named = {"ids": list(ids), "wanted": wanted if is_plain(wanted) else None}
    rows = (await connection.execute(HAS, named)).all()
    found = {row.id for row in rows if row.has}
    for id in (row.id for row in rows if row.has is None):
        payload = await connection.scalar(PAYLOAD, {"id": id})
        if payload is not None and await asyncio.to_thread(wants, payload, wanted):
            found.add(id)
    return found


async def _veiled(connection: AsyncConnection, ids: set[int], veiled: Veiled, veil: Veil | None) -> set[int]:
    rows = (await connection.execute(PAYLOADS, {"ids": list(ids)})).all()
    return {row.id for row in rows if is_covered(row.payload, veiled, veil)}


class Way(Struct, frozen=True):
    """An ordered statement of rows with an `id`, and how to go on `after` one; `windows` None: to the end."""

    statement: Select[Any]
    after: After
    wish: Wish
    limit: int
    windows: int | None


async def walk(connection: AsyncConnection, way: Way) -> tuple[list[Any], int | None]:
    """Up to `limit` rows that fit, and the id where it stopped short after so many windows; None where it did not."""
    found: list[Any] = []
    last, seen, rest = None, 0, way.statement
    while way.windows is None or seen < way.windows:
        rows = (await connection.execute(rest.limit(WINDOW))).all()
        fit = await having(connection, [row.id for row in rows], way.wish) if rows else set()
        found += [row for row in rows if row.id in fit]
        if len(found) >= way.limit or len(rows) < WINDOW:
            return found[: way.limit], None
        last, seen = rows[-1].id, seen + 1
        rest = way.after(way.statement, last)
    return found, last
