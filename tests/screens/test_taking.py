"""Enter takes what stood in the field when it was pressed, whatever is typed before the console comes to it."""

from textual.widgets import Input

from graveshift_tui.widgets.choose import Choice, Chooser
from tests.screens.console import console
from tests.waiting import until


async def test_keys_that_overtake_enter_change_nothing_of_what_it_takes() -> None:
    taken: list[tuple[str, str] | None] = []
    async with console() as person:
        offered = [Choice("500", "500 a second")]
        chooser = Chooser("At what rate?", offered, typed=lambda text: Choice(text, text) if text.isdigit() else None)
        person.app.push_screen(chooser, taken.append)
        await until(lambda: isinstance(person.app.focused, Input), what="the field takes keys")
        await person.types("50")
        field = chooser.query_one("#narrow", Input)
        chooser.post_message(Input.Submitted(field, "50"))
        field.value = "50=5"
        await until(lambda: taken, what="the choice is taken")
    assert taken == [("50", "")]
