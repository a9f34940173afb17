"""Enter takes what stood in the field when it was pressed, and what it would take has a sign and not only a colour."""

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


async def test_the_line_that_enter_takes_has_a_sign() -> None:
    async with console() as person:
        person.app.push_screen(Chooser("Which?", [Choice("a", "the first"), Choice("b", "the second")]))
        await person.sees("› the first")
        await person.press("down")
        await person.sees("› the second")
        assert "› the first" not in person.text
        await person.press("escape")
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("›n  No, leave it")
        await person.press("right")
        await person.sees("›y  Yes, do it")
        assert "›n" not in person.text
