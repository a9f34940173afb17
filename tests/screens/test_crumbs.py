"""The crumbs keep what is selected and how old it is however narrow the screen is, and what filter holds."""

import pytest

from graveshift_tui.widgets.crumbs import ASIDE, NEWS, ORDER, Told, crumbs
from graveshift_tui.widgets.paint import Lines, width_of
from tests.screens.console import Person, console
from tests.waiting import until

WAY = "overview › dead letters"
TOLD = Told(
    "/queue:webhooks kind:webhook.deliver",
    (
        (0, ("  all 1,017 that match", "bold mark")),
        (NEWS, ("  12 new (g)", "accent")),
        (ORDER, ("  newest first", "muted")),
        (ASIDE, ("  1,005 when opened, now", "muted")),
        (0, (" 1,017", "text")),
    ),
)
LIVE = (("  live ", "muted"),)


def shown(width: int) -> str:
    line = crumbs(WAY, TOLD, LIVE, width)
    assert width_of(line) <= width
    return "".join(text for text, _ in line)


@pytest.mark.parametrize("width", range(60, 160))
def test_marks_the_count_and_the_age_are_there_at_any_width_and_the_filter_begins(width: int) -> None:
    for kept in ("all 1,017 that match", " 1,017", "live", "/queue:"):
        assert kept in shown(width)


def test_what_matters_least_gives_way_first() -> None:
    wholes = ("newest first", "12 new (g)", WAY, TOLD.filter, "1,005 when opened, now")
    gone = [max((w for w in range(60, 200) if whole not in shown(w)), default=0) for whole in wholes]
    assert gone == sorted(gone, reverse=True)
    assert len(set(gone)) == len(gone)
    assert "/queue:webhooks…" not in shown(gone[2])


async def filtered(person: Person, text: str) -> None:
    await person.press("slash")
    await until(lambda: person.app.focused is not None and person.app.focused.id == "prompt")
    await person.types(text)
    await person.press("enter")
    await until(lambda: person.listing.route.query == text)


async def test_a_long_filter_leaves_marks_count_and_age_on_the_line_at_80_columns() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await filtered(person, "queue:webhooks kind:webhook.deliver")
        await until(lambda: person.listing.table.row is not None)
        await person.press("*", "*")
        await person.sees("that match")
        line = person.app.screen.query_one("#crumbs", Lines)
        kept = ("/in queue webhooks", "that match", "live")
        await until(lambda: all(word in line.render_line(0).text for word in kept), what=line.render_line(0).text)
