"""Tickets as the arrays that fenced statements take, and which of them turned out stale."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from graveshift.work import Ticket


def fence(tickets: Sequence[Ticket]) -> dict[str, Any]:
    """Parameters `ids`, `attempts` and `owners`."""
    return {
        "ids": [ticket.id for ticket in tickets],
        "attempts": [ticket.attempt for ticket in tickets],
        "owners": [ticket.owner for ticket in tickets],
    }


def stale(tickets: Sequence[Ticket], rows: Sequence[Row[Any]]) -> list[Ticket]:
    """The tickets that no returned `(id, attempt)` speaks of; each of them returns one row at most."""
    if len(rows) == len(tickets):
        return []
    held = {(row.id, row.attempt) for row in rows}
    return [ticket for ticket in tickets if (ticket.id, ticket.attempt) not in held]
