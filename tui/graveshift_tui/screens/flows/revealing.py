"""A reveal: a reason, a run, and the letter as it is until the screen is left."""

from functools import partial
from typing import TYPE_CHECKING

from graveshift.wire.dlq import LetterDetail
from graveshift_tui.client import Client, decode
from graveshift_tui.conduct import Conduct
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.verbs import TRASHED, NotHere

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice

LOOKS = "a reason for the record is needed: why must it be seen?"


def reveal(flow: Flow) -> None:
    """Asks why, then shows the one letter that is open."""
    from graveshift_tui.widgets.choose import Choice, Chooser

    letter = flow.subject.row
    if not isinstance(letter, LetterDetail) or isinstance(letter, TRASHED) or not flow.subject.alone:
        raise NotHere("open one letter first: a reveal shows it as it is")

    def typed(text: str) -> "Choice | None":
        return Choice(text.strip(), f"reveal: {text.strip()}") if text.strip() else None

    def then(chosen: tuple[str, str]) -> None:
        flow.desk.ask(read(flow.client, letter.id, chosen[0]), partial(_show, flow))

    flow.choose(
        Chooser("Reveal this letter? Why?", [], typed=typed, looks=LOOKS, placeholder="why, for the record"), then
    )


async def read(client: Client, letter: str, reason: str) -> LetterDetail:
    """The letter as it is; the backend gives it once."""
    return decode(await Conduct(client).reveal(letter, reason), LetterDetail)


def _show(flow: Flow, letter: LetterDetail) -> None:
    flow.show(letter)
    flow.desk.tell("shown as it is until you leave; it is on the record", "warning")
