"""Letters whose payloads have a secret value: each is looked at here, by its HMAC; no index could know it."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.matching import is_veiled
from graveshift.veil import Veil, refuse
from graveshift.wire.selection import Filter, Veiled

VALUES = text("""
SELECT u.place, CAST(t.document #> CAST(:path AS text[]) AS text) AS value
FROM unnest(CAST(:died_ats AS timestamptz[]), CAST(:ids AS bigint[])) WITH ORDINALITY AS u (died_at, id, place)
JOIN graveshift.dead_text t USING (died_at, id)
""")


class Veils(Struct, frozen=True):
    """What is to be at each place, and what is not."""

    wanted: Sequence[Veiled]
    excluded: Sequence[Veiled]
    veil: Veil


def veils(chosen: Filter, veil: Veil | None) -> Veils | None:
    """Those of a filter; None where it has none. Raises Invalid where they cannot be compared."""
    excluded = [veiled for one in chosen.without for veiled in one.veiled]
    if not chosen.veiled and not excluded:
        return None
    if veil is None:
        raise refuse()
    for one in (*chosen.veiled, *excluded):
        veil.check(one.token)
    return Veils(chosen.veiled, excluded, veil)


async def uncovered(connection: AsyncConnection, rows: Sequence[Row[Any]], veils: Veils) -> list[Row[Any]]:
    """Those of these letters that fit, in their order."""
    left = list(rows)
    for veiled in veils.wanted:
        left = [row for row, covered in await _judged(connection, left, veiled, veils.veil) if covered]
    for veiled in veils.excluded:
        left = [row for row, covered in await _judged(connection, left, veiled, veils.veil) if not covered]
    return left


async def _judged(
    connection: AsyncConnection, rows: Sequence[Row[Any]], veiled: Veiled, veil: Veil
) -> list[tuple[Row[Any], bool]]:
    named = {"died_ats": [row.died_at for row in rows], "ids": [row.id for row in rows], "path": veiled.path}
    values = {row.place: row.value for row in await connection.execute(VALUES, named)} if rows else {}
    return [(row, _covers(values.get(place), veiled.token, veil)) for place, row in enumerate(rows, 1)]


def _covers(value: str | None, token: str, veil: Veil) -> bool:
    if value is None:
        return False
    return is_veiled(json.loads(value, parse_int=Decimal, parse_float=Decimal), (), token, veil)
