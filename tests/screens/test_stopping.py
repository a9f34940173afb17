"""`X` stops what is live, however long ago it began."""

from msgspec.structs import replace

from graveshift.wire.runs import RunState
from tests.screens.console import console
from tests.screens.fake_client import FakeClient


async def test_stop_finds_a_run_that_is_older_than_a_page_of_others() -> None:
    client = FakeClient(letters=10)
    client.start("dlq.requeue", total=1000)
    for _ in range(120):
        ended = client.start("group.note", total=1, moved=1)
        client.runs[-1] = replace(ended, state=RunState.SUCCEEDED)
    async with console(client) as person:
        await person.press("X")
        await person.told("run 81: stopping")
        assert client.runs[0].state is RunState.CANCELLED
