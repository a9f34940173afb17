"""One letter in full: its siblings, its earlier lives, and what is masked, seen once and masked again when left."""

from datetime import timedelta

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from graveshift.wire.dlq import Life
from graveshift.wire.edits import Edit
from graveshift.wire.jobs import JobDetail, JobState
from graveshift_tui.screens.dlq import nodes as letter_nodes
from graveshift_tui.screens.jobs import nodes as job_nodes
from graveshift_tui.widgets.columns import At
from tests.screens.console import Person, console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until


class Revealing(FakeClient):
    """Masks what the first letter carries until a reveal has run."""

    def __init__(self) -> None:
        super().__init__()
        first = self.letters[-1]
        lived = Life(died_at=first.died_at - timedelta(hours=1), error_type="x.OSError", fingerprint="f", run_id="80",
                     back_at=first.died_at - timedelta(minutes=30), by="ben")  # fmt: skip
        self.letters = [
            replace(letter, payload=Raw(b'{"password": "***"}'), lives=[lived], siblings=300_412)
            for letter in self.letters
        ]
        self.reasons: list[object] = []

    async def revealed(self, run_id: str) -> bytes:
        plan = list(self.plans.values())[-1]
        self.reasons.append(plan.args["reason"])
        letter = next(one for one in self.letters if one.id == plan.args["letter"])
        return msgspec.json.encode(replace(letter, payload=Raw(b'{"password": "hunter2"}')))


async def opened(person: Person) -> None:
    await person.goes("3", "dlq")
    await person.press("enter")
    await until(lambda: person.detail.thing is not None)


async def test_a_letter_tells_its_siblings_and_earlier_lives_and_a_key_opens_those() -> None:
    async with console(Revealing()) as person:
        await opened(person)
        await person.sees("1 of 300,412 of this cause")
        await person.press("G")
        await person.sees("OSError  back after 30m: run 80 by ben")
        await person.press("L")
        await until(lambda: person.listing.route.filter.fingerprint is not None)


@pytest.mark.parametrize("of", ["letter", "job"])
def test_a_page_tells_who_edited_the_payload_and_what_it_was_folded(of: str) -> None:
    edits = [Edit(run_id="81", by="ann", at=START, original=Raw(b'{"to": "before"}'))]
    letter = replace(FakeClient().letters[0], edits=edits)
    job = JobDetail(id="native:1", system="native", queue="q", kind="k", state=JobState.WAITING, edits=edits)
    shown = letter_nodes(letter, At(80, START)) if of == "letter" else job_nodes(job, At(80, START))
    (told,) = [node for node in shown if node.path == "edits"]
    (first,) = told.children
    assert "run 81 by ann" in "".join(text for text, _ in first.head)
    assert first.shut
    assert "before" in str(first.children)


async def test_a_reveal_asks_why_shows_the_letter_and_is_masked_again_when_left() -> None:
    client = Revealing()
    async with console(client) as person:
        await opened(person)
        await person.sees('"***"')
        await person.press("v")
        await person.sees("Why?")
        assert "a reason for the record is needed" in person.text
        assert "nothing like that" not in person.text
        await person.types("case 4711")
        await person.press("enter")
        await person.sees("hunter2")
        await person.sees("REVEALED")
        assert client.reasons == ["case 4711"]
        await person.press("n")
        await person.sees('"***"')
        assert "hunter2" not in person.text
        await person.press("p")
        await person.sees('"***"')
        assert "hunter2" not in person.text


async def test_a_list_reveals_nothing() -> None:
    async with console(Revealing()) as person:
        await person.goes("3", "dlq")
        await person.press("v")
        await person.told("open one letter first")
