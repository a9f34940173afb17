"""A statement written around the conditions of a filter: its text, and the values its numbers stand for."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.asyncio import AsyncConnection

from graveshift.drivers.postgres import bare

NUMBER = re.compile(r"\$(\d+)")


class Draft:
    """One statement in the making. What is put into it is text of ours with `$1, $2, ...` for what is not."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def all(self, conditions: Sequence[ColumnElement[bool]]) -> str:
        """True where each of them holds."""
        if not conditions:
            return "true"
        compiled, before = and_(*conditions).compile(dialect=bare.DIALECT), len(self.values)
        self.values += [compiled.params[name] for name in compiled.positiontup or ()]
        return NUMBER.sub(lambda found: f"${int(found[1]) + before}", str(compiled))

    def value(self, value: object) -> str:
        """What stands for a value, once for each place it is put in."""
        self.values.append(value)
        return f"${len(self.values)}"


async def asked(connection: AsyncConnection, sql: str, draft: Draft) -> Sequence[Any]:
    """All rows of a statement that was drafted, on a connection in autocommit; what is put together by text is read
    straight through asyncpg: to build it of elements took longer than to answer it."""
    return await bare.ask(await bare.driver_of(connection), sql, draft.values)
