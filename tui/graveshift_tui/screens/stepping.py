"""From one row of a list to the next, from a place above it."""

from collections.abc import Callable

from graveshift_tui.card import Route
from graveshift_tui.screens.listing import ListScreen


def stepper(listing: ListScreen) -> Callable[[int], Route | None]:
    """Moves in a list by rows from a place above it, and tells where the row there leads."""

    def step(delta: int) -> Route | None:
        listing.table.move(delta)
        row = listing.table.row
        return listing.card.opens(row) if row is not None else None

    return step
