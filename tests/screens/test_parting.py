"""`:by FIELD` tells the cause under the cursor by any field, and of what sample."""

from collections.abc import Mapping

import msgspec

from graveshift.wire.groups import Facet, Faceted, FacetValue
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.waiting import until


class Parting(FakeClient):
    """Answers as the backend would, and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Mapping[str, str] | None]] = []

    async def fetch(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        self.asked.append((path, params))
        values = [FacetValue(f"u{n}\x1b[2J", 10 - n, (10 - n) / 60) for n in range(10)]
        return msgspec.json.encode(Faceted(Facet("payload.user", values, 7), 60, "the newest 60 letters"))


async def test_a_cause_is_told_by_the_field_that_was_asked_for() -> None:
    client = Parting()
    async with console(client) as person:
        await person.goes("2", "groups")
        await person.press("colon")
        await until(lambda: person.app.focused is not None, what="a line to type into")
        await person.types("by payload.user")
        await person.press("enter")
        await person.told("by payload.user: u0")
        assert "9 more; of the newest 60 letters" in person.toasts
        assert "\x1b" not in person.toasts
        ((path, params),) = client.asked
        assert path.endswith("/facets")
        assert params == {"by": "payload.user"}


async def test_without_a_cause_or_a_field_it_says_what_is_missing() -> None:
    async with console(Parting()) as person:
        for key, card, typed, said in (("2", "groups", "by", "wants a field"), ("4", "queues", "by x", "no cause")):
            await person.goes(key, card)
            await person.press("colon")
            await until(lambda: person.app.focused is not None, what="a line to type into")
            await person.types(typed)
            await person.press("enter")
            await person.told(said)
