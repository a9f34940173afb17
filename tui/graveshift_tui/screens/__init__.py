"""Every screen of the console: a resource is one card, and one line here."""

from collections.abc import Callable
from typing import Final

from graveshift_tui.card import Card, Route
from graveshift_tui.screen import ConsoleScreen
from graveshift_tui.screens import (
    audit,
    backups,
    dlq,
    filters,
    groups,
    jobs,
    marks,
    queues,
    runbooks,
    runs,
    schedules,
    secrets,
    trash,
    workers,
)
from graveshift_tui.screens.detail import DetailScreen
from graveshift_tui.screens.listing import ListScreen
from graveshift_tui.screens.overview import OverviewScreen
from graveshift_tui.screens.parts import PartsScreen

CARDS: Final[dict[str, Card]] = {
    card.name: card
    for card in (
        groups.CARD,
        dlq.CARD,
        trash.CARD,
        queues.CARD,
        jobs.CARD,
        workers.CARD,
        runs.CARD,
        runs.ITEMS,
        backups.CARD,
        secrets.CARD,
        schedules.CARD,
        marks.CARD,
        filters.CARD,
        runbooks.CARD,
        audit.CARD,
    )
}
PLACES: Final = ("overview", *(name for name in CARDS if name != "items"))


def screen_for(route: Route, step: Callable[[int], Route | None] | None = None) -> ConsoleScreen:
    """The screen of a place; `step` leads to the neighbours of one thing."""
    if route.card == "overview":
        return OverviewScreen(route, CARDS)
    card = CARDS[route.card]
    if route.id is not None and card.fetch is None:
        return DetailScreen(route, card, step)
    return ListScreen(route, card) if card.whole is None else PartsScreen(route, card)
