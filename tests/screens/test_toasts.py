"""Toasts are few, short-lived, and out of the reader's way."""

from functools import partial

from graveshift_tui.widgets.toasts import MOST
from tests.screens.console import Person, console
from tests.waiting import until


def shown_low(person: Person, low: bool) -> bool:
    return all((toast.region.y > 12) is low for toast in person.app.screen.query("Toast"))


async def test_the_end_of_a_run_takes_the_place_of_its_beginning() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("Requeue this letter")
        await person.press("y")
        await person.told("run 81: succeeded")
        await until(lambda: len(person.on_show) == 1 and "succeeded" in person.on_show[0], what=str(person.on_show))


async def test_no_more_than_three_show_at_once() -> None:
    async with console() as person:
        for number in range(6):
            person.app.tell(f"news {number}")
        await until(lambda: [text[:6] for text in person.on_show] == ["news 3", "news 4", "news 5"])
        assert len(person.on_show) == MOST


async def test_a_toast_leaves_what_is_told_of_the_row_in_sight() -> None:
    async with console() as person:
        await person.goes("4", "queues")
        await person.sees("8 workers")
        person.app.tell("news")
        await until(lambda: bool(person.on_show))
        pane = person.listing.query_one("#pane").region
        toasts = person.app.screen.query("Toast")
        await until(lambda: any(0 < toast.region.bottom <= pane.y for toast in toasts), what=str(pane))


async def test_a_toast_shows_where_the_cursor_is_not() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        for keys, low in (((), True), (("pagedown", "pagedown"), False), (("g",), True)):
            await person.press(*keys)
            person.app.tell("news")
            await until(lambda: bool(person.on_show))
            await until(partial(shown_low, person, low))
            [toast, *_] = person.app.screen.query("Toast")
            assert person.listing.cursor_y not in range(toast.region.y, toast.region.bottom)
            person.app.clear_notifications()
            await until(lambda: not person.on_show)


async def test_news_of_a_run_wait_while_a_question_is_read() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("Requeue this letter")
        person.app.tell("run 80: paused", about="run 80")
        person.app.tell("run 80: succeeded", about="run 80")
        person.app.tell("said at once")
        await until(lambda: person.on_show == ["said at once"], what=str(person.on_show))
        await person.press("escape")
        await until(lambda: "run 80: succeeded" in person.on_show, what=str(person.on_show))
        assert "run 80: paused" not in person.on_show


LONG = "run 81: succeeded, 100% of 4,492 letters (dlq.requeue: all 4,492 letters of ReadTimeout GET https://host)"


def covered(person: Person) -> set[int]:
    """The lines of the screen that toasts lie on."""
    return {y for toast in person.app.screen.query("Toast") for y in range(toast.region.y, toast.region.bottom)}


def clear_of_what_is_read(person: Person) -> bool:
    """All show, and none on band, crumbs, the line under the cursor, the next step or the hints."""
    here, foot = person.app.here(), person.app.screen.query_one("#next").region.y
    assert here is not None
    read = {0, 1, here.cursor_y, foot, foot + 1}
    return len(person.on_show) == MOST and len(covered(person)) >= MOST and not read & covered(person)


async def test_toasts_hide_neither_the_next_step_nor_the_line_under_the_cursor_of_the_overview() -> None:
    async with console() as person:
        await person.sees("NEXT")
        for moves in (0, 4, 3):
            await person.press(*["j"] * moves)
            for news in range(3):
                person.app.tell(f"{news} {LONG}")
            await until(partial(clear_of_what_is_read, person), what=f"{sorted(covered(person))} after {moves}")
            person.app.clear_notifications()
            await until(lambda: not person.on_show)


async def test_where_there_is_little_room_toasts_are_shorter() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await person.sees("first seen")
        for news in range(3):
            person.app.tell(f"{news} {LONG}")
        await until(lambda: bool(covered(person)))
        pane = person.listing.query_one("#pane").region.y
        assert max(covered(person)) < pane
        assert person.listing.cursor_y not in covered(person)
