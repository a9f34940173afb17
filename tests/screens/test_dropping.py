"""A saved filter that is dropped by one's own act hands the cursor on."""

from collections.abc import Sequence

import pytest
from msgspec import Struct

from graveshift.wire.filters import SavedFilter
from graveshift.wire.operations import Danger, OperationInfo
from graveshift.wire.runs import Run
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until


class Saving(FakeClient):
    """Keeps three filters until they are dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = [SavedFilter(name, name, "queue:mail", "ana", START) for name in ("a", "b", "c")]

    def rows(self, resource: str) -> Sequence[Struct]:
        return self.saved if resource == "filters" else super().rows(resource)

    async def operations(self) -> list[OperationInfo]:
        return [
            *await super().operations(),
            OperationInfo("filter.drop", "Drop", Danger.SAFE, allowed=True, args_schema={}),
        ]

    async def run(self, plan_id: str, *, key: str, phrase: str | None, reason: str | None) -> Run:
        self.saved = [one for one in self.saved if one.name != self.plans[plan_id].args["name"]]
        return await super().run(plan_id, key=key, phrase=phrase, reason=reason)


@pytest.mark.parametrize("down", [0, 1, 2])
async def test_the_cursor_goes_to_the_filter_that_comes_in_the_place_of_the_one_that_is_dropped(down: int) -> None:
    client = Saving()
    async with console(client) as person:
        await person.goes("Q", "filters")
        await person.press(*"j" * down)
        await person.press("d")
        await until(lambda: len(client.saved) == 2 and person.listing.table.chain.known == 2)
        await until(lambda: person.listing.table.row == client.saved[min(down, 1)])
        assert "row gone" not in person.text
