"""`t` copies the link to a letter's trace, from the list and from the letter; else it says what is missing."""

from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.dlq import LetterDetail
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.waiting import until

LINK = "https://traces.example/t/9f2c0000"


class Traced(FakeClient):
    """Knows where the first letter's trace is looked at, and tells it in the whole letter only."""

    def __init__(self, url: str | None = LINK) -> None:
        super().__init__(letters=3)
        self.url = url

    async def one(self, resource: str, id: str) -> Struct:
        found = await super().one(resource, id)
        return (
            replace(found, trace_url=self.url if found.trace_id else None) if isinstance(found, LetterDetail) else found
        )


async def test_the_link_is_shown_and_copied_in_a_letter() -> None:
    async with console(Traced()) as person:
        await person.goes("3", "dlq")
        await person.press("enter")
        await until(lambda: person.detail.thing is not None)
        await person.sees(LINK)
        await person.press("t")
        await person.told(f"sent to the clipboard: {LINK}")
        assert person.app.clipboard == LINK


async def test_the_link_is_copied_from_the_list() -> None:
    async with console(Traced()) as person:
        await person.goes("3", "dlq")
        await person.press("t")
        await person.told(f"sent to the clipboard: {LINK}")


async def test_without_a_template_or_a_trace_it_is_said_what_is_missing() -> None:
    client = Traced(url=None)
    client.letters[0] = replace(client.letters[0], trace_id=None)
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("t")
        await person.told("this letter has no trace id")
        await person.press("j", "t")
        await person.told("`tracing.url_template`")
        assert person.app.clipboard == ""


async def test_jobs_are_still_retried_with_the_same_key() -> None:
    async with console(Traced()) as person:
        await person.goes("5", "jobs")
        await until(lambda: person.listing.table.row is not None)
        await person.press("t")
        await until(lambda: "sent to the clipboard" not in person.toasts and bool(person.client.plans or person.toasts))
