"""From the list of letters to the trash and back, by keys; and what each of them says."""

from datetime import UTC, datetime

import pytest

from graveshift.wire.trash import DiscardedDetail
from graveshift_tui.card import Subject
from graveshift_tui.screens.trash import CARD
from graveshift_tui.screens.verbs import PLAIN, NotHere
from graveshift_tui.widgets.columns import At
from tests.screens.console import console
from tests.waiting import until

NOW = datetime.now(UTC)
ONE = DiscardedDetail(
    id="native:1-7", job_id="native:7", system="native", queue="mail", kind="send", fingerprint="f",
    error_type="KeyError", error_message="no iban", died_at=NOW, discarded_at=NOW, discarded_by="81",
)  # fmt: skip


@pytest.mark.parametrize("action", ["dlq.restore", "trash.empty"])
def test_a_verb_of_the_trash_acts_on_its_letters_by_id(action: str) -> None:
    ask = PLAIN[action](Subject("trash", (ONE,)))
    assert (ask.operation, ask.args) == (action, {"selection": {"ids": ["native:1-7"]}})
    assert ask.scope == "this letter: KeyError: no iban"


def test_a_letter_in_the_trash_is_neither_requeued_nor_discarded_again() -> None:
    for action in ("dlq.requeue", "dlq.discard", "dlq.requeue.all"):
        with pytest.raises(NotHere):
            PLAIN[action](Subject("trash", (ONE,)))


def test_what_is_no_letter_of_the_trash_is_not_restored() -> None:
    with pytest.raises(NotHere, match="go to the trash"):
        PLAIN["dlq.restore"](Subject("dlq"))


def test_its_page_says_when_and_by_which_run_it_was_discarded_and_what_it_was() -> None:
    assert CARD.nodes is not None
    shown = "\n".join("".join(part for part, _ in node.head) for node in CARD.nodes(ONE, At(80, NOW)))
    for word in ("discarded", "81", "KeyError", "native:7"):
        assert word in shown


async def test_a_letter_is_discarded_seen_in_the_trash_and_restored() -> None:
    async with console() as person:
        before = len(person.client.letters)
        await person.goes("3", "dlq")
        await person.press("d")
        await person.types("discard 1 in PROD")
        await person.press("enter")
        await until(lambda: len(person.client.trash) == 1)
        await person.goes("Z", "trash")
        await person.sees("ConnectTimeout")
        await person.press("U")
        await person.sees("Restore this letter")
        await person.press("y")
        await until(lambda: not person.client.trash)
        assert len(person.client.letters) == before
        assert person.client.runs[-1].operation == "dlq.restore"
